import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, ratcheted, required } from '../../../../apimachinery/status.ts'
import { present } from '../../../checks.ts'
import type {
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../../../generated/types/core/v1.ts'
import { fileMode, localNonReservedPath } from './paths.ts'
import { validateDownwardFile, validateItems } from './volume-sources.ts'

/** validateProjectedVolumeSource: several sources in one folder, whose files may not collide. */
export function* validateProjected(
  { defaultMode, sources }: Frozen<ProjectedVolumeSource>,
  path: string,
): Iterable<FieldError> {
  yield* fileMode(`${path}.defaultMode`, defaultMode)
  const files = new Set<string>()
  for (const [index, source] of (sources ?? []).entries()) {
    yield* validateSource(source, files, path, `${path}.sources[${index}]`)
  }
}

const NONE: readonly FieldError[] = []
const KINDS = ['secret', 'configMap', 'downwardAPI', 'serviceAccountToken'] as const

function* validateSource(
  source: Frozen<VolumeProjection>,
  files: Set<string>,
  path: string,
  at: string,
): Iterable<FieldError> {
  const { secret, configMap, downwardAPI, serviceAccountToken } = source
  const claim = (file: string, shown: string): readonly FieldError[] => {
    if (!file) return NONE
    const errors = files.has(file) ? [invalid(path, shown, 'conflicting duplicate paths')] : NONE
    files.add(file)
    return errors
  }
  for (const [kind, named] of [
    ['secret', secret],
    ['configMap', configMap],
  ] as const) {
    if (!named) continue
    yield* present(`${at}.${kind}.name`, named.name)
    yield* validateItems(named.items, `${at}.${kind}`)
    for (const item of named.items ?? []) yield* claim(item.path, named.name ?? '')
  }
  for (const file of downwardAPI?.items ?? []) {
    yield* validateDownwardFile(file, `${at}.downwardAPI`)
    yield* claim(file.path, file.path)
  }
  if (serviceAccountToken) yield* validateToken(serviceAccountToken, path, `${at}.serviceAccountToken`)
  if (KINDS.filter((kind) => source[kind]).length > 1) {
    yield fieldForbidden(at, 'may not specify more than 1 volume type per source')
  }
}

function* validateToken(token: Frozen<ServiceAccountTokenProjection>, path: string, at: string): Iterable<FieldError> {
  const seconds = token.expirationSeconds ?? 0
  const field = `${at}.expirationSeconds`
  if (seconds < 600) yield invalid(field, seconds, 'may not specify a duration less than 10 minutes')
  if (seconds > 2 ** 32) yield invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')
  if (!token.path) yield required(`${path}.path`)
  else yield* ratcheted('token paths', localNonReservedPath(`${path}.path`, token.path))
}
