import type { Frozen } from '../../apimachinery/meta.ts'
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Secret,
  VolumeProjection,
} from '../../api/generated/types/core/v1.ts'
import { fieldValue, type PodAddresses } from '../container/fields.ts'
import { resourceFieldValue } from '../container/resource-field.ts'
import type { Resources } from '../pod/resources.ts'
import type { Pod } from '../pod/spec.ts'

/** One file of a volume that the node agent writes. */
export interface VolumeFile {
  readonly content: Uint8Array
  readonly mode: number
  /** Its owner, where that isn't root. */
  readonly uid?: number
}

/** Files by their path in the volume. */
export type VolumeFiles = Map<string, VolumeFile>

const encoder = new TextEncoder()

/** A ConfigMap's or Secret's keys as files: all of them, or those that `items` pick. Throws, in upstream's words, for a key that isn't there. */
export function keyFiles(
  kind: 'configmap' | 'secret',
  object: Frozen<ConfigMap | Secret>,
  items: readonly Frozen<KeyToPath>[] | undefined,
  defaultMode: number,
  optional: boolean,
): VolumeFiles {
  const content = contentOf(kind, object)
  if (!items || items.length === 0)
    return new Map([...content].map(([key, bytes]) => [key, { content: bytes, mode: defaultMode }]))
  const files: VolumeFiles = new Map()
  for (const { key, path, mode } of items) {
    const bytes = content.get(key)
    if (bytes) files.set(cleanPath(path), { content: bytes, mode: mode ?? defaultMode })
    else if (!optional)
      throw new Error(`${kind} references non-existent ${kind === 'configmap' ? 'config' : 'secret'} key: ${key}`)
  }
  return files
}

function contentOf(kind: 'configmap' | 'secret', object: Frozen<ConfigMap | Secret>): Map<string, Uint8Array> {
  const content = new Map<string, Uint8Array>()
  for (const [key, value] of Object.entries(object.data ?? {}))
    content.set(key, kind === 'secret' ? fromBase64(value) : encoder.encode(value))
  if ('binaryData' in object)
    for (const [key, value] of Object.entries(object.binaryData ?? {})) content.set(key, fromBase64(value))
  return content
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

/** What downward files are made out of. */
export interface DownwardSources extends PodAddresses {
  readonly allocatable: Resources
}

/** Fields of the pod as files. */
export function downwardFiles(
  pod: Pod,
  items: readonly Frozen<DownwardAPIVolumeFile>[],
  defaultMode: number,
  sources: DownwardSources,
): VolumeFiles {
  const files: VolumeFiles = new Map()
  for (const { path, fieldRef, resourceFieldRef, mode } of items) {
    const value = fieldRef
      ? fieldValue(pod, fieldRef.fieldPath, sources)
      : resourceFieldRef
        ? resourceFieldValue(pod, resourceFieldRef, undefined, sources.allocatable)
        : ''
    files.set(cleanPath(path), { content: encoder.encode(value), mode: mode ?? defaultMode })
  }
  return files
}

/** A service account token as a file: readable by its user alone where that is known. */
export function tokenFile(
  projection: NonNullable<Frozen<VolumeProjection>['serviceAccountToken']>,
  token: string,
  defaultMode: number,
  pod: Pod,
): VolumeFiles {
  const uid = soleUser(pod)
  const restricted = uid !== undefined || pod.spec.securityContext?.fsGroup !== undefined
  return new Map([
    [
      cleanPath(projection.path),
      { content: encoder.encode(token), mode: restricted ? 0o600 : defaultMode, ...(uid !== undefined && { uid }) },
    ],
  ])
}

/** The user that all containers run as, if they say so and agree (upstream's FsUserFrom). */
function soleUser(pod: Pod): number | undefined {
  const podUser = pod.spec.securityContext?.runAsUser
  const users = new Set(
    [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((c) => c.securityContext?.runAsUser ?? podUser),
  )
  const [user] = users
  return users.size === 1 ? user : undefined
}

/** Throws for a path that would leave the volume or clash with the writer's own names (upstream's validatePath). */
function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length === 0) throw new Error('invalid path: must not be empty')
  if (path.startsWith('/')) throw new Error(`invalid path: must be relative path: ${path}`)
  if (parts.includes('..')) throw new Error(`invalid path: must not contain '..': ${path}`)
  if (parts[0]?.startsWith('..') === true) throw new Error(`invalid path: must not start with '..': ${path}`)
  return parts.join('/')
}
