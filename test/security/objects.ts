import type { KubeObject } from '../../src/apimachinery/meta.ts'
import type { SecureServer } from './server.ts'

export const PODS = '/api/v1/namespaces/default/pods'

/** A Node whose kubelet is said to be at an address. */
export async function makeNode(
  server: SecureServer,
  name: string,
  address: string,
  port: number,
  type = 'InternalIP',
): Promise<void> {
  const node = await server.create('/api/v1/nodes', { metadata: { name } })
  const status = { addresses: [{ type, address }], daemonEndpoints: { kubeletEndpoint: { Port: port } } }
  await server.status(`/api/v1/nodes/${name}`, node, status)
}

/** A pod on a node, that is said to run at an address. */
export async function makePod(
  server: SecureServer,
  name: string,
  podIP: string,
  nodeName = 'node',
  port = 80,
): Promise<KubeObject> {
  const containers = [{ name: 'main', image: 'app:v1', ports: [{ containerPort: port }] }]
  const body = { metadata: { name }, spec: { nodeName, automountServiceAccountToken: false, containers } }
  const pod = await server.create(PODS, body)
  if (podIP !== '') await server.status(`${PODS}/${name}`, pod, { phase: 'Running', podIP, podIPs: [{ ip: podIP }] })
  return pod
}

/** The default namespace's service account, which a control plane would make. */
export async function makeAccount(server: SecureServer, name = 'default'): Promise<void> {
  await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name } })
}
