import { nextTurn } from '../../lib/turn.ts'
import { createClient } from '../../client/create-client.ts'
import type { Component } from './components.ts'
import { runControlPlane } from './control-plane.ts'
import type { ApiServer } from '../../apiserver/server.ts'
import type { ApiAccess } from './guarded-api.ts'
import { elected } from './elected.ts'
import { identities } from './identities.ts'
import { keepApplied } from './manifests/keep-applied.ts'
import type { ShownToOthers } from './remote-api.ts'
import type { ServerOptions } from './run.ts'
import type { NodeRuntime } from './runtime.ts'
import { runScheduler } from './scheduling.ts'
import { storeHolds } from './store-holds.ts'

/** What the parts beside the API server are given. */
export interface PartsOptions extends ServerOptions {
  /** With the API server itself when it is of this process. */
  readonly api: ApiAccess & { readonly server?: ApiServer } & Partial<ShownToOthers>
  readonly nodeIP: string
  /** Undefined where pods are simulated. */
  readonly runtime: Promise<NodeRuntime | undefined>
}

/** Runs everything beside the API server until the signal aborts and all has ended. Rejects when a part fails. */
export async function runParts(options: PartsOptions): Promise<void> {
  const { components, settings } = options
  let begun = 0
  const only = (component: Component, part: () => Promise<void>): Promise<void>[] =>
    components.has(component) ? [afterTurns(++begun).then(part)] : []
  /** Over etcd there may be other servers, and only one of all runs these. */
  const one = (
    name: 'kube-controller-manager' | 'kube-scheduler',
    { signal }: { readonly signal: AbortSignal },
    part: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> => {
    if (!settings.etcd) return part(signal)
    const user = name === 'kube-scheduler' ? identities.scheduler : identities.controllerManager
    return elected({ ...options, name, user, nodeName: settings.nodeName, signal }, part)
  }
  await together(options.signal, (own) => [
    untilAborted(own.signal),
    ...only('apiserver', () => lastsAsItsStore(options, own.signal)),
    ...only('controllers', () =>
      one('kube-controller-manager', own, (signal) => runControlPlane({ ...options, signal })),
    ),
    ...only('scheduler', () =>
      one('kube-scheduler', own, (signal) => runScheduler({ ...options, signal, nodeName: settings.nodeName })),
    ),
    ...only('apiserver', () => runManifests({ ...options, ...own })),
    ...only('node', () => runNode({ ...options, ...own })),
  ])
}

/** Each part begins in a turn of its own, so that whoever waits for the API is answered between them. */
async function afterTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn()
}

/**
 * Runs parts until all have ended. The first that fails ends the others, and is what this rejects with. A part that ends because
 * it was told to has not failed, whatever it throws then.
 */
async function together(
  outer: AbortSignal,
  parts: (own: { readonly signal: AbortSignal }) => readonly Promise<void>[],
): Promise<void> {
  const failed = new AbortController()
  const signal = AbortSignal.any([outer, failed.signal])
  const guarded = parts({ signal }).map((part) => part.catch((error: unknown) => signal.aborted || failed.abort(error)))
  await Promise.all(guarded)
  if (failed.signal.aborted) throw failed.signal.reason
}

/** An etcd that is away comes back; LMDB that has given itself up does not. */
async function lastsAsItsStore({ api, settings }: PartsOptions, signal: AbortSignal): Promise<void> {
  if (api.server && !settings.etcd) await storeHolds(api.server.registry.store, signal)
}

/** A server of an API server alone goes on, too. */
function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function runManifests({ settings, api, env, signal }: PartsOptions): Promise<void> {
  if (settings.manifests === undefined) return
  const transport = api.transportFor(identities.manifests)
  const client = createClient({ transport, env, userAgent: 'skiff-manifests' })
  await keepApplied({ folder: settings.manifests, client, transport, env, signal })
}

/** The node: containers, their network and names; or nodes that pretend. Nothing of it begins without a runtime. */
async function runNode(options: PartsOptions): Promise<void> {
  const runtime = await options.runtime
  if (!runtime) return (await import('./simulated-nodes.ts')).runSimulatedNodes(options)
  const [{ runNodeAgent }, { runProxy, runClusterDns }, { runVolumes }] = await Promise.all([
    import('./node-agent.ts'),
    import('./node-network.ts'),
    import('./local-volumes.ts'),
  ])
  await together(options.signal, (own) => [
    runNodeAgent({ ...options, ...own }, runtime.endpoint),
    runProxy({ ...options, ...own }),
    runClusterDns({ ...options, ...own }),
    runVolumes({ ...options, ...own }),
  ])
}
