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
    runNode(own),
  ]
  // What breaks off because the server ends has not failed.
  const guarded = parts.map((part) => part.catch((error: unknown) => options.signal.aborted || failed.abort(error)))
  await Promise.all(guarded)
  if (failed.signal.aborted) throw failed.signal.reason
}

async function runManifests({ settings, api, env, signal }: PartsOptions): Promise<void> {
  if (settings.manifests === undefined) return
  const transport = api.transportFor(identities.manifests)
  const client = createClient({ transport, env, userAgent: 'skiff-manifests' })
  await keepApplied({ folder: settings.manifests, client, transport, env, signal })
}

/** The node: containers, their network and names. */
async function runNode(options: PartsOptions): Promise<void> {
  if (options.settings.runtime === 'simulated') return (await import('./simulated-nodes.ts')).runSimulatedNodes(options)
  const [{ startRuntime }, { runNodeAgent }, { runProxy, runClusterDns }] = await Promise.all([
    import('./runtime.ts'),
    import('./node-agent.ts'),
    import('./node-network.ts'),
  ])
  const agent = async (): Promise<void> => runNodeAgent(options, (await startRuntime(options)).endpoint)
  await Promise.all([agent(), runProxy(options), runClusterDns(options)])
}
