import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { pathSegment } from '../../checks.ts'
import type { CrossVersionObjectReference } from '../../generated/types/autoscaling/v2.ts'

/** What apiVersion must name. */
type VersionRule = 'any' | 'group' | 'group may be empty'

/** ValidateCrossVersionObjectReference. */
export function* validateReference(
  { kind, name, apiVersion = '' }: Frozen<CrossVersionObjectReference>,
  path: string,
  version: VersionRule,
): Iterable<FieldError> {
  yield* pathSegment(`${path}.kind`, kind)
  yield* pathSegment(`${path}.name`, name)
  if (version === 'any') return
  const parts = apiVersion.split('/')
  const field = `${path}.apiVersion`
  if (parts.length > 2) yield invalid(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)
  else if (version === 'group' && (parts.length === 1 || parts[0] === '')) {
    yield invalid(field, apiVersion, 'apiVersion must specify API group')
  }
}
