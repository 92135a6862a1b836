import type { ClusterPaths } from '../../host/cluster/paths.ts'
import { acquireLock } from '../../host/cluster/lock.ts'
import { removeProcessFile, writeProcessFile } from '../../host/cluster/process-file.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { contextName } from '../../host/cluster/settings.ts'
import { writeFileAtomic } from '../../host/files.ts'
import { renderKubeconfig } from '../../host/kubeconfig/kubeconfig.ts'
import { UserError } from '../../host/user-error.ts'
import type { Env } from '../../lib/env.ts'
import { LmdbStore } from '../../store/lmdb/store.ts'
import { servingNames, startApi } from './api-server.ts'
import { nodeAddress } from './node-address.ts'
import { ensurePki } from './pki.ts'
import type { Pki } from './pki.ts'

/** How a server is run. */
export interface ServerOptions {
  readonly settings: ClusterSettings
  readonly paths: ClusterPaths
  readonly env: Env
  readonly bindAddress: string
  /** The address that others reach this node by; found out when absent. */
  readonly advertiseAddress?: string
  /** Ends the server. Containers go on. */
  readonly signal: AbortSignal
  /** Called once the API is served. */
  readonly onServing: () => void
}

/** Runs a cluster's server until the signal aborts. Rejects with a UserError when it cannot start; nothing of it stays then. */
export async function runServer(options: ServerOptions): Promise<void> {
  const { paths, env } = options
  const lock = await acquireLock(paths.root)
  if (!lock) throw new UserError(`a server of cluster "${options.settings.name}" runs already`)
  const cleanup = new AsyncDisposableStack()
  cleanup.defer(() => lock.release())
  try {
    writeProcessFile(paths.pidFile, process.pid)
    cleanup.defer(() => removeProcessFile(paths.pidFile))
    await serve(options, cleanup)
    await aborted(options.signal)
    env.log.info('ending')
  } finally {
    await cleanup.disposeAsync()
  }
}

/** Starts the parts in the order that others need them; `cleanup` takes them back in reverse. */
async function serve(options: ServerOptions, cleanup: AsyncDisposableStack): Promise<void> {
  const { settings, paths, env } = options
  const nodeIP = options.advertiseAddress ?? nodeAddress()
  const [store, pki] = await Promise.all([
    LmdbStore.open({ path: paths.store, clock: env.clock, log: env.log.with({ component: 'store' }) }),
    ensurePki({ folder: paths.pki, env, servingNames: servingNames(settings, nodeIP) }),
  ])
  cleanup.defer(() => store.close())
  const api = await startApi({ settings, env, store, pki, bindAddress: options.bindAddress })
  cleanup.defer(() => api.listener.close())
  writeAdminKubeconfig(options, pki)
  env.log.info('the API is served', { port: api.listener.port, nodeIP })
  options.onServing()
  await startNode(options)
}

async function startNode(options: ServerOptions): Promise<void> {
  if (options.settings.runtime === 'simulated') return
  const { startRuntime } = await import('./runtime.ts')
  await startRuntime(options)
}

/** Kubeconfigs name the API by loopback: it is reached there whatever network the machine is in. */
function writeAdminKubeconfig({ settings, paths }: ServerOptions, { ca, admin }: Pki): void {
  const text = renderKubeconfig(contextName(settings.name), {
    server: `https://127.0.0.1:${settings.apiPort}`,
    caCertificate: ca.cert,
    clientCertificate: admin.cert,
    clientKey: admin.key,
  })
  writeFileAtomic(paths.kubeconfig, text, { mode: 0o600 })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
