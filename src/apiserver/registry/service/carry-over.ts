import type { Service, ServiceSpec } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'

type Spec = Frozen<ServiceSpec>

const needsClusterIp = ({ type }: Spec): boolean => type !== 'ExternalName'
/** Whether new node ports are given by themselves. */
export const givesNodePorts = ({ type, allocateLoadBalancerNodePorts }: Spec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)
/** Whether the type has node ports at all. */
export const hasNodePorts = ({ type }: Spec): boolean => type === 'NodePort' || type === 'LoadBalancer'
/** Whether a load balancer asks each node for its health. */
export const needsHealthPort = ({ type, externalTrafficPolicy }: Spec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local'

/** What was allocated stays when the client sends its own YAML again (upstream's patchAllocatedValues). */
export function keepAllocated(service: Service, { spec: old }: Frozen<Service>): void {
  const spec = service.spec
  if (needsClusterIp(old) && needsClusterIp(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP
    if (!spec.clusterIPs?.length && old.clusterIPs?.length) spec.clusterIPs = [...old.clusterIPs]
  }
  if (givesNodePorts(old) && givesNodePorts(spec)) keepNodePorts(spec, old)
  if (needsHealthPort(old) && needsHealthPort(spec) && !spec.healthCheckNodePort && old.healthCheckNodePort) {
    spec.healthCheckNodePort = old.healthCheckNodePort
  }
}

function keepNodePorts(spec: ServiceSpec, old: Spec): void {
  const now = new Set(spec.ports?.map(({ nodePort }) => nodePort))
  const used = new Set(old.ports?.map(({ nodePort }) => nodePort).filter((port) => port && now.has(port)))
  const byName = new Map(old.ports?.map(({ name = '', nodePort }) => [name, nodePort]))
  for (const port of spec.ports ?? []) {
    const before = byName.get(port.name ?? '')
    if (!port.nodePort && before && !used.has(before)) port.nodePort = before
  }
}

/** clusterIP and clusterIPs follow each other, for clients that know only the one (upstream's normalizeClusterIPs). */
export function syncClusterIps(service: Service, old: Frozen<Service> | undefined): void {
  const spec = service.spec
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
    return
  }
  const before = old.spec
  const unchanged = (): boolean => (spec.clusterIPs ?? []).join() === (before.clusterIPs ?? []).join()
  if (before.clusterIPs?.length && !spec.clusterIPs?.length && (before.clusterIP ?? '') === (spec.clusterIP ?? '')) {
    spec.clusterIPs = [...before.clusterIPs]
  }
  if ((before.clusterIP ?? '') === (spec.clusterIP ?? '') || !unchanged()) return
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
  else delete spec.clusterIPs
}
