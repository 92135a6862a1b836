import type { Service, ServiceSpec } from '../../generated/types/core/v1.ts'

/** Three hours: how long a client keeps its pod under ClientIP affinity. */
const AFFINITY_SECONDS = 10_800

/** SetDefaults_Service. */
export function defaultService(service: Service): void {
  const spec = (service.spec ??= {})
  defaultAffinity(spec)
  spec.type ||= 'ClusterIP'
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP'
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
  }
  const balancer = spec.type === 'LoadBalancer'
  const external = balancer || spec.type === 'NodePort' || (spec.type === 'ClusterIP' && spec.externalIPs?.length)
  if (external) spec.externalTrafficPolicy ||= 'Cluster'
  if (balancer || spec.type === 'NodePort' || spec.type === 'ClusterIP') spec.internalTrafficPolicy ??= 'Cluster'
  if (!balancer) return
  spec.allocateLoadBalancerNodePorts ??= true
  for (const ingress of service.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP'
}

function defaultAffinity(spec: ServiceSpec): void {
  spec.sessionAffinity ||= 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  else if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds == null) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: AFFINITY_SECONDS } }
  }
}
