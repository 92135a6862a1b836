import type { ClusterPaths } from '../host/cluster/paths.ts'
import type { Access } from '../host/kubeconfig/kubeconfig.ts'
import { createClient } from '../client/create-client.ts'
import type { Client } from '../client/client.ts'
import { loadKubeconfig } from '../client/http/kubeconfig.ts'
import { httpTransport } from '../client/http/transport.ts'
import type { Transport } from '../client/transport.ts'
import type { CliContext } from './context.ts'

/** A connection to a cluster's API as its administrator. */
export interface ClusterApi {
  readonly transport: Transport
  readonly client: Client
  /** Its address. */
  readonly server: string
  close(): void
}

/** Connects with the kubeconfig that the server keeps beside its state. Nothing is sent yet. */
export function connectToCluster({ env }: CliContext, paths: ClusterPaths): ClusterApi {
  const { config } = loadKubeconfig({ clock: env.clock, paths: [paths.kubeconfig] })
  const transport = httpTransport(config, env.clock)
  const client = createClient({ transport, env, userAgent: 'skiff' })
  return { transport, client, server: config.server, close: () => transport.close() }
}

/** The administrator's certificates, for a kubeconfig. */
export function administratorAccess({ env }: CliContext, paths: ClusterPaths): Access {
  const { config } = loadKubeconfig({ clock: env.clock, paths: [paths.kubeconfig] })
  const { cert = '', key = '' } = config.certificate?.() ?? {}
  return { server: config.server, caCertificate: config.ca ?? '', clientCertificate: cert, clientKey: key }
}
