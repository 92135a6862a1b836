import { GuardedServer } from '../guarded-server.suite.ts'
import type { AdmissionConfig } from './config.ts'

export const PODS = '/api/v1/namespaces/default/pods'

/** A server with plugins beside the default ones, and an account for pods. For tests. */
export async function serverWith(config: AdmissionConfig): Promise<GuardedServer> {
  const server = await GuardedServer.start({ admission: config })
  await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  return server
}

/** A namespace, its account for pods, and where its pods are. */
export async function namespaceWith(
  server: GuardedServer,
  name: string,
  metadata: { readonly annotations?: object; readonly labels?: object },
): Promise<string> {
  await server.create('/api/v1/namespaces', { metadata: { name, ...metadata } })
  await server.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } })
  return `/api/v1/namespaces/${name}/pods`
}

export const podOf = (name: string, spec: object = {}): object => ({
  metadata: { name },
  spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }], ...spec },
})
