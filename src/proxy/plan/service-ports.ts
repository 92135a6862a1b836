import type { Frozen } from '../../apimachinery/meta.ts'
import type { Service } from '../../api/generated/types/core/v1.ts'
import type { EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import { chooseEndpoints, type NodeTopology } from './endpoints.ts'

export type Family = 'ip' | 'ip6'
export type L4Protocol = 'tcp' | 'udp' | 'sctp'

/** Where a service port sends its packets. */
export interface Target {
  readonly ip: string
  readonly port: number
}

/** One port of one Service in one IP family, with everything that the packet path needs to know. */
export interface ServicePort {
  /** `namespace/name:port`, for names and comments. */
  readonly id: string
  readonly protocol: L4Protocol
  readonly port: number
  readonly clusterIP: string
  /** External and load balancer addresses that lead here too. */
  readonly externalIPs: readonly string[]
  readonly nodePort: number | undefined
  /** Whether traffic from outside goes to endpoints on this node only, keeping the client's address. */
  readonly externalLocal: boolean
  /** Client ranges that may use the load balancer addresses; everyone when empty. */
  readonly sourceRanges: readonly string[]
  /** Seconds that a client stays with an endpoint; undefined without session affinity. */
  readonly affinitySeconds: number | undefined
  /** Endpoints for traffic from inside, and for traffic from outside. */
  readonly cluster: readonly Target[]
  readonly external: readonly Target[]
}

const PROTOCOLS: Readonly<Record<string, L4Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' }
const DEFAULT_AFFINITY_SECONDS = 10_800

/** On a Service: another proxy serves it. */
const PROXY_NAME = 'service.kubernetes.io/service-proxy-name'
/** On a slice: its endpoints are for DNS alone. */
const HEADLESS = 'service.kubernetes.io/headless'

/** Whether the Service is left to this proxy. The label alone counts, whatever its value. Pure. */
export function isProxiedHere({ metadata }: Frozen<Service>): boolean {
  return metadata.labels?.[PROXY_NAME] === undefined
}

/** Whether packets may be sent to the slice's endpoints, whosever slice it is. Pure. */
export function isForProxies({ metadata }: Frozen<EndpointSlice>): boolean {
  return metadata.labels?.[HEADLESS] === undefined
}

/** The service ports of one Service in one family. Pure. Empty for headless and ExternalName Services, and for those of other proxies. */
export function servicePorts(
  service: Frozen<Service>,
  slices: readonly Frozen<EndpointSlice>[],
  family: Family,
  node: NodeTopology,
): ServicePort[] {
  const clusterIP = clusterIPOf(service, family)
  if (service.spec.type === 'ExternalName' || clusterIP === undefined || !isProxiedHere(service)) return []
  const addressType = family === 'ip' ? 'IPv4' : 'IPv6'
  const ofFamily = slices.filter((slice) => String(slice.addressType) === addressType && isForProxies(slice))
  const externalIPs = externalIPsOf(service, family)
  return (service.spec.ports ?? []).map((port) => {
    const { cluster, external } = chooseEndpoints(service, port.name ?? '', ofFamily, node)
    return { ...describe(service, port, family), clusterIP, externalIPs, cluster, external }
  })
}

function describe(
  { metadata, spec }: Frozen<Service>,
  port: NonNullable<Frozen<Service>['spec']['ports']>[number],
  family: Family,
): Omit<ServicePort, 'clusterIP' | 'externalIPs' | 'cluster' | 'external'> {
  return {
    id: `${metadata.namespace}/${metadata.name}:${port.name ?? ''}`,
    protocol: PROTOCOLS[port.protocol ?? 'TCP'] ?? 'tcp',
    port: port.port,
    nodePort: port.nodePort || undefined,
    externalLocal: spec.externalTrafficPolicy === 'Local',
    sourceRanges: (spec.loadBalancerSourceRanges ?? [])
      .map((range) => range.trim())
      .filter((range) => familyOf(range) === family),
    affinitySeconds:
      spec.sessionAffinity === 'ClientIP'
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS)
        : undefined,
  }
}

/** The addresses that spec and status name besides the cluster IP. */
function externalIPsOf(service: Frozen<Service>, family: Family): string[] {
  const ingress = service.status?.loadBalancer?.ingress ?? []
  const balancers = ingress.flatMap(({ ip, ipMode }) => (ip && ipMode !== 'Proxy' ? [ip] : []))
  const all = [...(service.spec.externalIPs ?? []), ...balancers].filter((ip) => familyOf(ip) === family)
  return [...new Set(all)]
}

function clusterIPOf({ spec }: Frozen<Service>, family: Family): string | undefined {
  const all = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])
  return all.find((ip) => ip !== 'None' && ip !== '' && familyOf(ip) === family)
}

function familyOf(address: string): Family {
  return address.includes(':') ? 'ip6' : 'ip'
}
