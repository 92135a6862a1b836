import { isPodReady, isPodTerminal } from '../../api/core/v1/pod-conditions.ts'
import type { Node, Pod, Service } from '../../api/generated/types/core/v1.ts'
import type { Endpoint, EndpointHints, EndpointPort } from '../../api/generated/types/discovery/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { parseIp } from '../../lib/ip.ts'
import { podPort } from '../services/ports.ts'

export type Family = 'IPv4' | 'IPv6'

const ZONE = 'topology.kubernetes.io/zone'

/** The families that a Service has slices for. A headless one that names none gets both. */
export function familiesOf({ spec }: Frozen<Service>): readonly Family[] {
  const families = (spec?.ipFamilies ?? []) as readonly Family[]
  if (families.length > 0) return families
  const ip = spec?.clusterIP && spec.clusterIP !== 'None' ? spec.clusterIP : undefined
  return ip ? [familyOf(ip)] : ['IPv4', 'IPv6']
}

function familyOf(ip: string): Family {
  return parseIp(ip)?.version === 6 ? 'IPv6' : 'IPv4'
}

/** Whether a pod has an address that traffic may go to, now or until it has ended. */
export function hasEndpoint(pod: Frozen<Pod>): boolean {
  return !isPodTerminal(pod) && addressesOf(pod).length > 0
}

function addressesOf({ status }: Frozen<Pod>): readonly string[] {
  const ips = (status?.podIPs ?? []).map(({ ip }) => ip)
  return ips.length > 0 ? ips : status?.podIP ? [status.podIP] : []
}

/** The pod as an endpoint of the Service; undefined when it has no address of the family. */
export function endpointOf(
  pod: Frozen<Pod>,
  node: Frozen<Node> | undefined,
  service: Frozen<Service>,
  family: Family,
): Endpoint | undefined {
  const addresses = addressesOf(pod).filter((ip) => familyOf(ip) === family)
  if (addresses.length === 0) return undefined
  const { namespace = '', name = '', uid = '' } = pod.metadata
  const serving = isPodReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating)
  const zone = node?.metadata.labels?.[ZONE]
  const hasName = pod.spec.hostname && pod.spec.subdomain === service.metadata.name
  const endpoint: Endpoint = {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hasName && { hostname: pod.spec.hostname }),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    ...(zone && { zone }),
  }
  const hints = hintsFor(endpoint, service)
  return hints ? { ...endpoint, hints } : endpoint
}

/** Who should prefer this endpoint, by the Service's trafficDistribution. */
function hintsFor({ conditions, zone, nodeName }: Endpoint, { spec }: Frozen<Service>): EndpointHints | undefined {
  if (!conditions?.ready || !zone) return undefined
  switch (spec?.trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return { forZones: [{ name: zone }] }
    case 'PreferSameNode':
      return nodeName ? { forZones: [{ name: zone }], forNodes: [{ name: nodeName }] } : undefined
    default:
      return undefined
  }
}

/** The ports at which this pod serves the Service. A headless Service may have none. */
export function portsOf(service: Frozen<Service>, pod: Frozen<Pod>): EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = podPort(pod, servicePort)
    if (port === undefined) return []
    const { name = '', protocol = 'TCP', appProtocol } = servicePort
    return [{ name, protocol, port, ...(appProtocol && { appProtocol }) }]
  })
}

/** The same for the same ports, whatever their order. */
export function portKey(ports: readonly Frozen<EndpointPort>[]): string {
  return ports
    .map(({ name = '', protocol, port, appProtocol = '' }) => `${name}/${protocol}/${port}/${appProtocol}`)
    .sort()
    .join(',')
}
