import { parseIp } from '../../../lib/ip.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, fieldForbidden, invalid } from '../../../apimachinery/status.ts'
import { validateIp } from '../../../apimachinery/validation/ip.ts'
import { nameIsDnsSubdomain } from '../../../apimachinery/validation/names.ts'
import { IMMUTABLE, problems, qualifiedName } from '../../checks.ts'
import type { Container, ContainerStatus, Pod, PodSpec } from '../../generated/types/core/v1.ts'
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
  const families = new Set(ips.map(({ ip = '' }) => parseIp(ip, true)?.version))
  if (ips.length > 2 || families.size < 2) {
    yield invalid(field, ips, 'may specify no more than one IP for each IP family')
  }
}
