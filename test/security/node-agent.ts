import { SessionServer } from '../../src/kubelet/linux/session-server.ts'
import { type NodeServer, serveNode } from '../../src/kubelet/linux/https.ts'
import { webhookAccess } from '../../src/kubelet/server/access.ts'
import { Fleet } from '../../src/kubelet/simulated/fleet.ts'
import { identities } from '../../src/cmd/server/identities.ts'
import { ensureNodeServing } from '../../src/cmd/server/pki.ts'
import { join } from 'node:path'
import { env, type SecureServer } from './server.ts'

/** A node agent whose containers pretend, behind the HTTPS server and the access checks of a real one. */
export async function startNodeAgent(
  server: SecureServer,
  name = 'node',
): Promise<{ readonly server: NodeServer } & AsyncDisposable> {
  const sessions = new SessionServer()
  const { api, pki, folder } = server
  const fleet = new Fleet({ client: api.clientFor(identities.simulatedNodes, 'kubelet'), env, sessions })
  const { kubelet } = await fleet.add(name, { address: '192.0.2.10' })
  const node = await serveNode({
    api: kubelet.api,
    access: webhookAccess(api.clientFor(identities.node(name), 'kubelet'), env, name),
    log: env.log,
    port: 0,
    host: '127.0.0.1',
    tls: {
      ...(await ensureNodeServing({ folder: join(folder, 'pki'), env }, name, ['127.0.0.1'])),
      clientCa: pki.ca.cert,
    },
  })
  return {
    server: node,
    async [Symbol.asyncDispose]() {
      await node.close()
      await fleet.stop()
      await sessions.close()
    },
  }
}
