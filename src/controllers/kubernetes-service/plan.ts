import type { Endpoints, Service } from '../../api/generated/types/core/v1.ts'
import type { EndpointSlice } from '../../api/generated/types/discovery/v1.ts'

/** Where the API server is reached. */
export interface ApiAddress {
  /** The Service's address, the first of the Service range. */
  readonly serviceIP: string
  /** The server's own address and port. */
  readonly ip: string
  readonly port: number
}

const METADATA = { name: 'kubernetes', namespace: 'default' }

/** The Service. */
export function planService({ serviceIP, port }: ApiAddress): Service {
  return {
    metadata: { ...METADATA, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      type: 'ClusterIP',
      clusterIP: serviceIP,
      sessionAffinity: 'None',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
    },
  }
}

/** Its endpoints, for those who read slices. */
export function planEndpointSlice({ ip, port }: ApiAddress): EndpointSlice {
  return {
    metadata: { ...METADATA, labels: { 'kubernetes.io/service-name': METADATA.name } },
    addressType: (ip.includes(':') ? 'IPv6' : 'IPv4') as string as EndpointSlice['addressType'],
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  }
}

/** Its endpoints, for those who read Endpoints; not to be mirrored into another slice. */
export function planEndpoints({ ip, port }: ApiAddress): Endpoints {
  return {
    metadata: { ...METADATA, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  }
}
