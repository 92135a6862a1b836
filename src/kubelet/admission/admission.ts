import type { Frozen } from '../../apimachinery/meta.ts'
import type { Node, Toleration, Taint } from '../../api/generated/types/core/v1.ts'
import { milliOf, podAmounts } from '../pod/resources.ts'
import { allContainers, type Container, type Pod } from '../pod/spec.ts'
import { nodeFits } from './node-affinity.ts'
import { forbiddenSysctl } from './sysctls.ts'

/** Why a pod may not run on a node. */
export interface Refusal {
  readonly reason: string
  readonly message: string
}

/**
 * The node agent's own look at a pod that was bound to its node (upstream's lifecycle predicates): whoever bound it may not have known of
 * what runs here by now. `others`: the pods that hold resources. Undefined when the pod may run.
 */
export function admit(pod: Pod, others: readonly Pod[], node: Frozen<Node>, appArmor: boolean): Refusal | undefined {
  return osRefusal(pod) ?? fitRefusal(pod, others, node) ?? securityRefusal(pod, appArmor)
}

function osRefusal(pod: Pod): Refusal | undefined {
  const wanted = pod.spec.nodeSelector?.['kubernetes.io/os']
  if (wanted !== undefined && wanted !== 'linux')
    return {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    }
  const { os } = pod.spec
  if (os && os.name !== 'linux')
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" }
  return undefined
}

function fitRefusal(pod: Pod, others: readonly Pod[], node: Frozen<Node>): Refusal | undefined {
  const [lacking] = lackingResources(pod, others, node)
  if (lacking) return lacking
  if (!nodeFits(pod, node)) return { reason: 'NodeAffinity', message: 'Predicate NodeAffinity failed' }
  if (portsTaken(pod, others)) return { reason: 'NodePorts', message: 'Predicate NodePorts failed' }
  if (!toleratesAll(pod, node)) return { reason: 'TaintToleration', message: 'Predicate TaintToleration failed' }
  return undefined
}

/** A resource that the node does not have at all is no concern of its agent's, as upstream has it. */
function* lackingResources(pod: Pod, others: readonly Pod[], node: Frozen<Node>): Iterable<Refusal> {
  const allocatable = node.status?.allocatable ?? {}
  const podCapacity = milliOf(allocatable, 'pods') / 1000
  if (others.length + 1 > podCapacity) yield lacking('pods', 1, others.length, podCapacity)
  for (const [name, wanted] of podAmounts(pod, 'requests')) {
    if (wanted === 0 || allocatable[name] === undefined) continue
    const used = others.reduce((sum, other) => sum + (podAmounts(other, 'requests').get(name) ?? 0), 0)
    const capacity = milliOf(allocatable, name)
    // CPU is told in thousandths, the rest in units.
    const unit = name === 'cpu' ? 1 : 1000
    if (used + wanted > capacity) yield lacking(name, wanted / unit, used / unit, capacity / unit)
  }
}

const lacking = (name: string, requested: number, used: number, capacity: number): Refusal => ({
  reason: `OutOf${name}`,
  message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
})

function portsTaken(pod: Pod, others: readonly Pod[]): boolean {
  const wanted = [...hostPorts(pod)]
  if (wanted.length === 0) return false
  const taken = others.flatMap((other) => [...hostPorts(other)])
  return wanted.some((port) => taken.some((other) => conflicts(port, other)))
}

interface HostPort {
  readonly protocol: string
  readonly ip: string
  readonly port: number
}

function* hostPorts(pod: Pod): Iterable<HostPort> {
  for (const { kind, container } of allContainers(pod)) {
    if (kind === 'init' && container.restartPolicy !== 'Always') continue
    yield* portsOf(container)
  }
}

function* portsOf(container: Container): Iterable<HostPort> {
  for (const { hostPort = 0, protocol = 'TCP', hostIP = '' } of container.ports ?? []) {
    if (hostPort > 0) yield { protocol, ip: hostIP || '0.0.0.0', port: hostPort }
  }
}

function conflicts(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0')
}

function toleratesAll(pod: Pod, node: Frozen<Node>): boolean {
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
  return taints.every((taint) => (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)))
}

function tolerates({ key, operator = 'Equal', value = '', effect }: Frozen<Toleration>, taint: Frozen<Taint>): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  return operator === 'Exists' || (operator === 'Equal' && value === (taint.value ?? ''))
}

function securityRefusal(pod: Pod, appArmor: boolean): Refusal | undefined {
  const sysctl = forbiddenSysctl(pod)
  if (sysctl !== undefined)
    return { reason: 'SysctlForbidden', message: `forbidden sysctl: ${JSON.stringify(sysctl)} not allowlisted` }
  if (!appArmor && asksForAppArmor(pod))
    return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' }
  return undefined
}

function asksForAppArmor(pod: Pod): boolean {
  const profiles = [
    pod.spec.securityContext?.appArmorProfile,
    ...[...allContainers(pod)].map(({ container }) => container.securityContext?.appArmorProfile),
  ]
  return profiles.some((profile) => profile !== undefined && profile.type !== 'Unconfined')
}
