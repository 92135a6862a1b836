import { SessionServer } from '../../kubelet/linux/session-server.ts'
import { Fleet } from '../../kubelet/simulated/fleet.ts'
import { identities } from './identities.ts'
import { localNode } from './local-node.ts'
import type { PartsOptions } from './parts.ts'

/** Runs a node whose pods pretend, until the signal aborts. */
export async function runSimulatedNode({ api, settings, env, nodeIP, signal }: PartsOptions): Promise<void> {
  const sessions = new SessionServer()
  const fleet = new Fleet({
    client: api.clientFor(identities.node(settings.nodeName), 'kubelet'),
    env: { ...env, log: env.log.with({ component: 'kubelet' }) },
    podCidr: settings.podCidr,
    sessions,
  })
  const { kubelet } = await fleet.add(settings.nodeName, { address: nodeIP })
  const leave = api.server.nodes.add(settings.nodeName, localNode(kubelet.api))
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  leave()
  await fleet.stop()
  await sessions.close()
}
