import { createClient } from '../../client/create-client.ts'
import { runControlPlane } from './control-plane.ts'
import type { RunningApi } from './api-server.ts'
import { identities } from './identities.ts'
import { keepApplied } from './manifests/keep-applied.ts'
import type { ServerOptions } from './run.ts'
import { runScheduler } from './scheduling.ts'

/** What the parts beside the API server are given. */
export interface PartsOptions extends ServerOptions {
  readonly api: RunningApi
  readonly nodeIP: string
}

/** Runs everything beside the API server until the signal aborts and all has ended. Rejects when a part fails. */
export async function runParts(options: PartsOptions): Promise<void> {
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const own = { ...options, signal }
  const parts = [
    runControlPlane(own),
    runScheduler({ ...own, nodeName: own.settings.nodeName }),
    runManifests(own),
    ...nodeParts(own),
  ]
  // A part that ends because it was told to has not failed, whatever it throws then.
  const guarded = parts.map((part) => part.catch((error: unknown) => signal.aborted || failed.abort(error)))
  await Promise.all(guarded)
  if (failed.signal.aborted) throw failed.signal.reason
}

async function runManifests({ settings, api, env, signal }: PartsOptions): Promise<void> {
  if (settings.manifests === undefined) return
  const transport = api.transportFor(identities.manifests)
  const client = createClient({ transport, env, userAgent: 'skiff-manifests' })
  await keepApplied({ folder: settings.manifests, client, transport, env, signal })
}

/** The node: containers, their network and names; or nodes that pretend. */
function nodeParts(options: PartsOptions): Promise<void>[] {
  if (options.settings.runtime === 'simulated') {
    return [import('./simulated-nodes.ts').then(({ runSimulatedNodes }) => runSimulatedNodes(options))]
  }
  const network = import('./node-network.ts')
  return [
    runContainers(options),
    network.then(({ runProxy }) => runProxy(options)),
    network.then(({ runClusterDns }) => runClusterDns(options)),
  ]
}

async function runContainers(options: PartsOptions): Promise<void> {
  const [{ startRuntime }, { runNodeAgent }] = await Promise.all([import('./runtime.ts'), import('./node-agent.ts')])
  await runNodeAgent(options, (await startRuntime(options)).endpoint)
}
