import type { Frozen, ObjectKey } from '../../apimachinery/meta.ts'
import type { Service } from '../../api/generated/types/core/v1.ts'
import type { EndpointSlice } from '../../api/generated/types/discovery/v1.ts'

/** What the cluster zone is made from. Lookups are by index, never a scan. */
export interface Names {
  service(key: ObjectKey): Frozen<Service> | undefined
  slicesOf(service: ObjectKey): readonly Frozen<EndpointSlice>[]
  hasNamespace(name: string): boolean
  /** Services with this cluster IP. */
  servicesByIP(ip: string): readonly Frozen<Service>[]
  /** Slices with an endpoint at this address. */
  slicesByIP(ip: string): readonly Frozen<EndpointSlice>[]
}

/** The label that ties a slice to its Service. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'

/** Whether the Service has no cluster IP of its own, so that its endpoints are its addresses. */
export function isHeadless(service: Frozen<Service>): boolean {
  return service.spec.clusterIP === 'None'
}

/** One address behind a headless Service. */
export interface NamedEndpoint {
  readonly ip: string
  /** Its label below the Service's name: the pod's hostname, or the address with dashes. */
  readonly hostname: string
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[]
}

/** The ready endpoints of a slice, with the names they go by. */
export function namedEndpoints(slice: Frozen<EndpointSlice>): NamedEndpoint[] {
  const ports = (slice.ports ?? []).map((p) => ({
    name: p.name ?? '',
    port: p.port ?? 0,
    protocol: (p.protocol ?? 'TCP').toLowerCase(),
  }))
  return (slice.endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready !== false)
    .flatMap((endpoint) => endpoint.addresses.map((ip) => ({ ip, hostname: endpoint.hostname ?? dashed(ip), ports })))
}

/** `10.0.0.7` as a label: `10-0-0-7`. */
export function dashed(ip: string): string {
  return ip.replace(/[.:]/g, '-')
}
