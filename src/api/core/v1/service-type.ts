import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Service, ServiceSpec } from '../../generated/types/core/v1.ts'

type Spec = Frozen<ServiceSpec>

/** Which types use which fields. A Service is a union that `type` discriminates. */
const needsClusterIp = ({ type }: Spec): boolean => type !== 'ExternalName'
const needsNodePorts = ({ type }: Spec): boolean => type === 'NodePort' || type === 'LoadBalancer'
const isBalancer = ({ type }: Spec): boolean => type === 'LoadBalancer'
const needsHealthPort = (spec: Spec): boolean => isBalancer(spec) && spec.externalTrafficPolicy === 'Local'

/** Reached from outside the cluster. */
export const isExternallyAccessible = (spec: Spec): boolean =>
  needsNodePorts(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0)

/**
 * An update that changes the type need not clear the fields that the old type had and the new one does not use, as long
 * as it leaves them as they were (upstream's dropTypeDependentFields).
 */
export function dropFieldsOfOldType(service: Service, { spec: old }: Frozen<Service>): void {
  const spec = (service.spec ??= {})
  const same = (field: keyof ServiceSpec): boolean => semanticEqual(spec[field], old[field])
  if (needsClusterIp(old) && !needsClusterIp(spec)) {
    if (same('clusterIP') && same('clusterIPs')) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
    if (same('ipFamilies')) delete spec.ipFamilies
    if (same('ipFamilyPolicy')) delete spec.ipFamilyPolicy
  }
  if (needsNodePorts(old) && !needsNodePorts(spec) && addsNoNodePort(spec, old)) {
    for (const port of spec.ports ?? []) delete port.nodePort
  }
  if (needsHealthPort(old) && !needsHealthPort(spec) && same('healthCheckNodePort')) delete spec.healthCheckNodePort
  if (isBalancer(old) && !isBalancer(spec)) {
    if (same('allocateLoadBalancerNodePorts')) delete spec.allocateLoadBalancerNodePorts
    if (same('loadBalancerClass')) delete spec.loadBalancerClass
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(spec) && same('externalTrafficPolicy')) {
    delete spec.externalTrafficPolicy
  }
  if (!isBalancer(spec) && service.status?.loadBalancer) service.status.loadBalancer = {}
}

function addsNoNodePort(spec: Spec, old: Spec): boolean {
  const before = new Set(old.ports?.map(({ nodePort }) => nodePort))
  return (spec.ports ?? []).every(({ nodePort }) => !nodePort || before.has(nodePort))
}
