import { SessionServer } from '../../kubelet/linux/session-server.ts'
import { Fleet } from '../../kubelet/simulated/fleet.ts'
import { identities } from './identities.ts'
import { localNode } from './local-node.ts'
import { simulateVolumes } from './local-volumes.ts'
import type { PartsOptions } from './parts.ts'

/** Runs nodes whose pods pretend, until the signal aborts. */
export async function runSimulatedNodes({ api, settings, env, nodeIP, signal }: PartsOptions): Promise<void> {
  const sessions = new SessionServer()
  const fleet = new Fleet({
    client: api.clientFor(identities.simulatedNodes, 'kubelet'),
    env: { ...env, log: env.log.with({ component: 'kubelet' }) },
    podCidr: settings.podCidr,
    sessions,
  })
  const leave: (() => void)[] = []
  const names = nodeNames(settings.nodeName, settings.nodes)
  const volumes = simulateVolumes({ api, env, signal }, new Set(names))
  for (const name of names) {
    const { kubelet } = await fleet.add(name, { address: nodeIP })
    if (api.server) leave.push(api.server.nodes.add(name, localNode(kubelet.api)))
  }
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  for (const one of leave) one()
  await fleet.stop()
  await sessions.close()
  await volumes
}

/** The first has the cluster's node name, the others a number after it. */
function nodeNames(first: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? first : `${first}-${index + 1}`))
}
