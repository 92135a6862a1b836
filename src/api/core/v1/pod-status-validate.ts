import { parseIp } from '../../../lib/ip.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, fieldForbidden, invalid, required } from '../../../apimachinery/status.ts'
import { validateIp } from '../../../apimachinery/validation/ip.ts'
import { nameIsDnsSubdomain } from '../../../apimachinery/validation/names.ts'
import { dns1123Label, IMMUTABLE, problems, qualifiedName } from '../../checks.ts'
import type { Container, ContainerStatus, Pod, PodSpec } from '../../generated/types/core/v1.ts'
import { amount } from './resource-list.ts'
import { isNativeResource } from './resource-names.ts'
import { validateAnnotationUpdate } from './pod-spec/update.ts'

const SYSTEM_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized'])

/** ValidatePodStatusUpdate. */
export function* validatePodStatusUpdate(pod: Frozen<Pod>, old: Frozen<Pod>): Iterable<FieldError> {
  yield* validateAnnotationUpdate(pod.metadata.annotations ?? {}, old.metadata.annotations ?? {})
  const { status = {} } = pod
  const before = old.status ?? {}
  for (const [index, { type, observedGeneration = 0 }] of (status.conditions ?? []).entries()) {
    const at = `status.conditions[${index}]`
    if (observedGeneration < 0) {
      yield invalid(`${at}.observedGeneration`, observedGeneration, 'must be a non-negative integer')
    }
    if (!SYSTEM_CONDITIONS.has(type)) yield* qualifiedName(`${at}.Type`, type)
  }
  yield* validateNominated(pod, old)
  const generation = status.observedGeneration ?? 0
  if (generation < 0) yield invalid('status.observedGeneration', generation, 'must be a non-negative integer')
  if ((status.qosClass ?? '') !== (before.qosClass ?? '')) {
    yield invalid('status.qosClass', status.qosClass ?? '', IMMUTABLE)
  }
  yield* validateTransitions(pod, old)
  yield* validateClaimStatuses(pod)
  yield* validateExtendedClaim(pod)
  yield* validateNodeAllocatable(pod)
  yield* validateIps(pod, old)
}

function* validateNominated({ status }: Frozen<Pod>, old: Frozen<Pod>): Iterable<FieldError> {
  const node = status?.nominatedNodeName
  if (!node || node === old.status?.nominatedNodeName) return
  const field = 'status.nominatedNodeName'
  yield* problems(field, node, nameIsDnsSubdomain(node, false))
  if (old.spec.nodeName) yield fieldForbidden(field, 'may not be set on pods that are already bound to a node')
}

/** A container that has ended stays so, unless something may restart it. */
function* validateTransitions({ status }: Frozen<Pod>, { spec, status: before }: Frozen<Pod>): Iterable<FieldError> {
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  const anyRestartsAll = all.some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  )
  for (const field of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const) {
    const ephemeral = field === 'ephemeralContainerStatuses'
    if (!ephemeral && (anyRestartsAll || spec.restartPolicy === 'Always')) continue
    for (const [index, old] of (before?.[field] ?? []).entries()) {
      const now = status?.[field]?.find(({ name }) => name === old.name)
      if (!old.state?.terminated || !now || now.state?.terminated) continue
      const container = all.find(({ name }) => name === old.name)
      if (!ephemeral && container && mayRestart(container, spec, old)) continue
      yield fieldForbidden(`status.${field}[${index}].state`, 'may not be transitioned to non-terminated state')
    }
  }
}

function mayRestart(container: Frozen<Container>, spec: Frozen<PodSpec>, status: Frozen<ContainerStatus>): boolean {
  const code = status.state?.terminated?.exitCode ?? 0
  if (container.restartPolicy !== undefined) {
    const rule = container.restartPolicyRules?.find(({ exitCodes }) => {
      const listed = exitCodes?.values?.includes(code) ?? false
      return exitCodes?.operator === 'In' ? listed : exitCodes?.operator === 'NotIn' && !listed
    })
    if (rule) return true
    if (container.restartPolicy === 'Always') return true
    if (container.restartPolicy === 'Never') return false
    if (container.restartPolicy === 'OnFailure') return code !== 0
  }
  return spec.restartPolicy === 'Always' || (spec.restartPolicy === 'OnFailure' && code !== 0)
}

function* validateClaimStatuses({ spec, status }: Frozen<Pod>): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const [index, { name, resourceClaimName }] of (status?.resourceClaimStatuses ?? []).entries()) {
    const at = `status.resourceClaimStatuses[${index}]`
    if (!spec.resourceClaims?.some((claim) => claim.name === name)) {
      yield invalid(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`')
    }
    if (seen.has(name)) yield duplicate(`${at}.name`, name)
    seen.add(name)
    if (resourceClaimName !== undefined) {
      yield* problems(`${at}.resourceClaimName`, resourceClaimName, nameIsDnsSubdomain(resourceClaimName, false))
    }
  }
}

/** What of extended resources is served by a claim that was made for them (KEP-5004). */
function* validateExtendedClaim({ spec, status }: Frozen<Pod>): Iterable<FieldError> {
  const claim = status?.extendedResourceClaimStatus
  if (!claim) return
  const path = 'status.extendedResourceClaimStatus'
  const mappings = claim.requestMappings ?? []
  if (mappings.length === 0) yield required(`${path}.requestMappings`, 'at least one request mapping is required')
  const containers = new Map([...(spec.initContainers ?? []), ...spec.containers].map((one) => [one.name, one]))
  const seen = new Set<string>()
  for (const [index, { containerName, resourceName, requestName }] of mappings.entries()) {
    const at = `${path}.requestMappings[${index}]`
    const container = containers.get(containerName)
    const names = 'an entry in spec.initContainers'
    if (!container) {
      yield invalid(
        `${at}.containerName`,
        containerName,
        `must match the name of ${names}.name or spec.containers.name`,
      )
    } else if (!Object.hasOwn(container.resources?.requests ?? {}, resourceName)) {
      const text = `must match the extended resource name of ${names}.resources.requests or spec.containers.resources.requests`
      yield invalid(`${at}.resourceName`, resourceName, text)
    }
    yield* dns1123Label(`${path}.requestName`, requestName)
    const key = JSON.stringify([containerName, resourceName, requestName])
    if (seen.has(key)) {
      yield duplicate(`${at}.containerName`, containerName)
      yield duplicate(`${at}.resourceName`, resourceName)
      yield duplicate(`${at}.requestName`, requestName)
    }
    seen.add(key)
  }
  const { resourceClaimName: name } = claim
  if (name) yield* problems(`${path}.resourceClaimName`, name, nameIsDnsSubdomain(name, false))
  else yield required(`${path}.resourceClaimName`)
}

/** What claims take of a node's own resources. */
function* validateNodeAllocatable({ spec, status }: Frozen<Pod>): Iterable<FieldError> {
  const known = new Set(
    [...(spec.resourceClaims ?? []), ...(status?.resourceClaimStatuses ?? [])].map((claim) => claim.resourceClaimName),
  )
  for (const [index, claim] of (status?.nodeAllocatableResourceClaimStatuses ?? []).entries()) {
    const at = `status.nodeAllocatableResourceClaimStatuses[${index}]`
    const { resourceClaimName: name, containers = [] } = claim
    // Required, which stops nobody from leaving it out.
    const resources: typeof claim.resources | undefined = claim.resources
    if (!name) yield required(`${at}.resourceClaimName`, 'must not be empty')
    if (!known.has(name)) yield invalid(`${at}.resourceClaimName`, name, 'no mapping found in pod reference')
    if (containers.length === 0) yield required(`${at}.containers`, 'must not be empty')
    if (Object.keys(resources ?? {}).length === 0) yield required(`${at}.resources`, 'must not be empty')
    for (const [resource, value] of Object.entries(resources ?? {})) {
      const field = `${at}.resources[${resource}]`
      if (!isNativeResource(resource)) yield invalid(field, resource, 'must be a node allocatable resource name')
      if (amount(value).nanos < 0n) yield invalid(field, String(value), 'must be non-negative')
    }
  }
}

interface Ip {
  readonly ip?: string
}

function* validateIps({ status }: Frozen<Pod>, { status: old }: Frozen<Pod>): Iterable<FieldError> {
  yield* validateIpList(status?.podIPs ?? [], old?.podIPs ?? [], 'status.podIPs')
  const hostIPs = status?.hostIPs ?? []
  const [first] = hostIPs
  if (!first) return
  if (status?.hostIP !== first.ip) yield invalid('status.hostIPs[0].ip', first.ip, 'must be equal to `hostIP`')
  yield* validateIpList(hostIPs, old?.hostIPs ?? [], 'status.hostIPs')
}

function* validateIpList(ips: readonly Ip[], old: readonly Ip[], field: string): Iterable<FieldError> {
  const before = old.map(({ ip }) => ip ?? '')
  for (const [index, { ip = '' }] of ips.entries()) yield* validateIp(`${field}[${index}]`, ip, before)
  if (ips.length < 2) return
  const wrong = ips.findIndex(({ ip = '' }) => !parseIp(ip, true))
  if (wrong >= 0) {
    const text = `failed to check for dual stack with error:invalid IP[${wrong}]: ${ips[wrong]?.ip ?? ''}`
    yield { type: 'InternalError', field, message: `Internal error: ${text}` }
  }
  const families = new Set(ips.map(({ ip = '' }) => parseIp(ip, true)?.version))
  if (wrong >= 0 || ips.length > 2 || families.size < 2) {
    yield invalid(
      field,
      ips.map(({ ip = '' }) => ({ IP: ip })),
      'may specify no more than one IP for each IP family',
    )
  }
}
