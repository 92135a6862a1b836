import { services } from '../api/core/v1/service.ts'
import { endpointSlices } from '../api/discovery/v1/endpointslice.ts'
import type { Client } from '../client/index.ts'

/** How clients reach the cluster's DNS. */
export interface Published {
  /** The Service's address, which kubelets write into resolv.conf. */
  readonly clusterIP: string
  readonly nodeName: string
  readonly nodeIP: string
  /** Where this node's server listens. */
  readonly port: number
}

/** As upstream's installers call it; programs look for it by this name and label. */
const NAME = 'kube-dns'
const NAMESPACE = 'kube-system'
const LABELS = { 'k8s-app': NAME, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' }

/** Makes the Service `kube-dns`, and this node's server one of its endpoints. Safe to repeat. */
export async function publish(client: Client, { clusterIP, nodeName, nodeIP, port }: Published): Promise<void> {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ]
  await client(services).apply(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME, namespace: NAMESPACE, labels: LABELS },
      spec: { clusterIP, ports },
    },
    { force: true },
  )
  await client(endpointSlices).apply(
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${NAME}-${nodeName}`,
        namespace: NAMESPACE,
        labels: {
          ...LABELS,
          'kubernetes.io/service-name': NAME,
          'endpointslice.kubernetes.io/managed-by': 'skiff-dns',
        },
      },
      addressType: nodeIP.includes(':') ? 'IPv6' : 'IPv4',
      ports: ports.map((p) => ({ ...p, port })),
      endpoints: [{ addresses: [nodeIP], nodeName, conditions: { ready: true, serving: true, terminating: false } }],
    },
    { force: true },
  )
}
