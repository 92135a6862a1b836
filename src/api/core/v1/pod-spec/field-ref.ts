import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, invalid, notSupported, required } from '../../../../apimachinery/status.ts'
import { qualifiedName } from '../../../checks.ts'
import type { ObjectFieldSelector, ResourceFieldSelector } from '../../../generated/types/core/v1.ts'
import { amount } from '../resource-list.ts'

/** What an environment variable may be taken from. */
export const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

/** What a downward API file may be taken from. */
export const FILE_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]

/** What any pod field path may be, before it is asked whether it fits here. */
const KNOWN = new Set([...ENV_FIELDS, ...FILE_FIELDS, 'spec.restartPolicy', 'spec.schedulerName', 'status.phase'])

/** validateObjectFieldSelector: a field of the pod, or one of its labels or annotations by key. */
export function* validateFieldRef(
  { apiVersion, fieldPath: path }: Frozen<ObjectFieldSelector>,
  allowed: readonly string[],
  field: string,
): Iterable<FieldError> {
  if (!apiVersion) return yield required(`${field}.apiVersion`)
  if (!path) return yield required(`${field}.fieldPath`)
  const problem = (text: string): FieldError =>
    invalid(`${field}.fieldPath`, path, `error converting fieldPath: ${text}`)
  if (apiVersion !== 'v1') return yield problem(`unsupported pod version: ${apiVersion}`)
  const [, map, key] = /^(.+?)\['(.*)'\]$/.exec(path) ?? []
  if (map !== undefined && key !== undefined) {
    if (map === 'metadata.annotations') yield* qualifiedName(field, key.toLowerCase())
    else if (map === 'metadata.labels') yield* qualifiedName(field, key)
    else yield problem(`field label does not support subscript: ${path}`)
    return
  }
  const name = path === 'spec.host' ? 'spec.nodeName' : path
  if (!KNOWN.has(name)) yield problem(`field label not supported: ${path}`)
  else if (!allowed.includes(name)) yield notSupported(`${field}.fieldPath`, name, allowed)
}

const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const isHugePages = (resource: string): boolean => /^(requests|limits)\.hugepages-/.test(resource)

/** validateContainerResourceFieldSelector; a file must say which container it means. */
export function* validateResourceFieldRef(
  { containerName, resource, divisor = '0' }: Frozen<ResourceFieldSelector>,
  field: string,
  inVolume: boolean,
): Iterable<FieldError> {
  if (inVolume && !containerName) yield required(`${field}.containerName`)
  else if (!resource) yield required(`${field}.resource`)
  else if (!RESOURCES.includes(resource) && !isHugePages(resource)) {
    yield notSupported(`${field}.resource`, resource, RESOURCES)
  }
  const asked = String(divisor)
  if (amount(divisor).nanos === 0n) return
  const kind = divisorKind(resource)
  if (kind && !kind.allowed.has(asked)) {
    const list = [...kind.allowed].join(kind.name === 'cpu' ? ' and ' : ', ')
    yield invalid(
      `${field}.divisor`,
      resource,
      `only divisor's values ${list} are supported with the ${kind.name} resource`,
    )
  }
}

const CPU_DIVISORS = new Set(['1m', '1'])
const BYTE_DIVISORS = new Set(['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'])

function divisorKind(resource: string): { name: string; allowed: ReadonlySet<string> } | undefined {
  if (isHugePages(resource)) return { name: 'hugepages', allowed: BYTE_DIVISORS }
  switch (resource.slice(resource.indexOf('.') + 1)) {
    case 'cpu':
      return { name: 'cpu', allowed: CPU_DIVISORS }
    case 'memory':
      return { name: 'memory', allowed: BYTE_DIVISORS }
    case 'ephemeral-storage':
      return { name: 'local ephemeral storage', allowed: BYTE_DIVISORS }
    default:
      return undefined
  }
}
