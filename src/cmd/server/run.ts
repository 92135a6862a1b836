import type { ClusterPaths } from '../../host/cluster/paths.ts'
import { acquireLock } from '../../host/cluster/lock.ts'
import { removeProcessFile, writeProcessFile } from '../../host/cluster/process-file.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { contextName } from '../../host/cluster/settings.ts'
import { writeFileAtomic } from '../../host/files.ts'
import { renderKubeconfig } from '../../host/kubeconfig/kubeconfig.ts'
import { EXIT, UserError } from '../../host/user-error.ts'
import { Metrics } from '../../apiserver/metrics/metrics.ts'
import { nextTurn } from '../../lib/turn.ts'
import type { Env } from '../../lib/env.ts'
import type { Verbosity } from '../../lib/verbosity.ts'
import type { RunningApi } from './api-server.ts'
import { identityOf, servingNames, startApi } from './api-server.ts'
import { type ApiConfig, apiConfig } from './api-config/config.ts'
import type { EncryptionConfig } from './api-config/encryption.ts'
import type { Component } from './components.ts'
import type { Encryption } from './encryption/encryption.ts'
import { nodeAddress } from './node-address.ts'
import { openStore } from './open-store.ts'
import { nodeClientFile } from './node-kubeconfig.ts'
import type { PartsOptions } from './parts.ts'
import { requireFreePort } from './port.ts'
import { ensureKubeletClient, ensurePki, finishPair } from './pki.ts'
import type { Pki } from './pki.ts'
import { keepRenewed } from './renewal.ts'
import type { NodeRuntime } from './runtime.ts'
import type { ShownCertificates } from './shown-certificates.ts'

/** How a server is run. */
export interface ServerOptions {
  readonly settings: ClusterSettings
  readonly paths: ClusterPaths
  readonly env: Env
  /** How much is logged; can be changed over the API. */
  readonly verbosity?: Verbosity
  readonly bindAddress: string
  /** What this process is made of. */
  readonly components: ReadonlySet<Component>
  /** How to reach the API server where it is none of the components. */
  readonly kubeconfig?: string
  /** How a node apart that has no kubeconfig yet asks for its certificate, as upstream's --bootstrap-kubeconfig. */
  readonly bootstrapKubeconfig?: string
  /** The address that others reach this node by; found out when absent. */
  readonly advertiseAddress?: string
  /** The longest that certificates last that are asked for, as upstream's --cluster-signing-duration. */
  readonly clusterSigningDurationMs?: number
  /** How long tokens of Secrets stay that nobody uses, as upstream's --legacy-service-account-token-clean-up-period. */
  readonly legacyTokenCleanUpMs?: number
  /** Whether the node agent asks the cluster for its serving certificate, as upstream's --rotate-server-certificates. */
  readonly rotateServerCertificates?: boolean
  /** Whether a node apart asks the cluster for the certificate that it is known by, as upstream's --rotate-certificates. */
  readonly rotateCertificates?: boolean
  /** Ends the server. Containers go on. */
  readonly signal: AbortSignal
  /** Called once the API is served. */
  readonly onServing: () => void
}

/**
 * Runs a cluster's server until the signal aborts. Rejects with a UserError when it cannot start, and then nothing of it stays;
 * and when one of its parts fails: a cluster that only looks alive helps nobody.
 */
export async function runServer(options: ServerOptions): Promise<void> {
  const { paths, env, settings } = options
  // Before anything is begun that would have to be taken back.
  const config = apiConfig(settings.apiFlags, settings.clusterDomain)
  const lock = await acquireLock(paths.root)
  if (!lock) throw new UserError(`a server of cluster "${settings.name}" runs already`)
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(() => lock.release())
  writeProcessFile(paths.pidFile, process.pid)
  cleanup.defer(() => removeProcessFile(paths.pidFile))
  if (options.components.has('apiserver')) await requireFreePort(options.bindAddress, settings.apiPort)
  const nodeIP = options.advertiseAddress ?? nodeAddress()
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  cleanup.defer(() => ending.abort(new Error('the server ends')))
  // It takes as long as all that follows, so it goes first.
  const runtime = runtimeOf({ ...options, signal })
  // Those who wait for it find out by themselves, which may be later than it fails.
  runtime.catch(() => undefined)
  const api = await apiOf({ ...options, config }, nodeIP, cleanup).catch((error: unknown) => undoing(runtime, error))
  options.onServing()
  // Loaded now and not before, so that the API is served first; and whoever waits for it already is answered before.
  await nextTurn()
  const { runParts } = await import('./parts.ts')
  await runParts({ ...options, api, nodeIP, runtime })
  env.log.info('ending')
}

/** The node's container runtime, on its way; undefined where pods are simulated. */
async function runtimeOf(options: ServerOptions): Promise<NodeRuntime | undefined> {
  if (options.settings.runtime === 'simulated' || !options.components.has('node')) return undefined
  const { startRuntime } = await import('./runtime.ts')
  return startRuntime(options)
}

/** Takes the runtime back before failing with `error`. */
async function undoing(runtime: Promise<NodeRuntime | undefined>, error: unknown): Promise<never> {
  const [started] = await Promise.allSettled([runtime])
  if (started.status === 'fulfilled') await started.value?.undo()
  throw error
}

/** With what the API server's flags lead to. */
interface ConfiguredOptions extends ServerOptions {
  readonly config: ApiConfig
}

/** The API server: this process's own, or the one that the kubeconfig names. */
async function apiOf(
  options: ConfiguredOptions,
  nodeIP: string,
  cleanup: AsyncDisposableStack,
): Promise<PartsOptions['api']> {
  const { components, kubeconfig, bootstrapKubeconfig, env, paths, settings, signal } = options
  if (components.has('apiserver')) return serveApi(options, nodeIP, cleanup)
  const { remoteApi } = await import('./remote-api.ts')
  if (kubeconfig === undefined) {
    throw new UserError('without the API server among its components, a server needs one to go to', {
      hints: ['name its kubeconfig with --kubeconfig'],
      exitCode: EXIT.usage,
    })
  }
  const { nodeName } = settings
  if (bootstrapKubeconfig !== undefined) {
    const { bootstrapNode } = await import('./node-bootstrap.ts')
    await bootstrapNode({ kubeconfig, bootstrapKubeconfig, folder: paths.pki, nodeName, env, signal })
  } else finishPair(paths.pki, nodeClientFile(nodeName))
  const api = remoteApi(kubeconfig, env)
  cleanup.defer(() => api.close())
  return api
}

/** Opens the store and serves the API; `cleanup` takes both back. */
async function serveApi(
  options: ConfiguredOptions,
  nodeIP: string,
  cleanup: AsyncDisposableStack,
): Promise<RunningApi> {
  const { env, config } = options
  const metrics = new Metrics()
  const encryption = config.encryption && (await encryptionOf(config.encryption, { ...options, nodeIP, metrics }))
  if (encryption) cleanup.defer(() => encryption.close())
  const [plain, shown] = await Promise.all([openStore(options), certificatesOf(options, nodeIP)])
  cleanup.defer(() => plain.close())
  const store = encryption?.over(plain) ?? plain
  const healthChecks = encryption?.healthChecks ?? []
  const api = await startApi({ ...options, store, nodeIP, metrics, healthChecks, ...shown })
  cleanup.defer(() => api.listener.close())
  writeAdminKubeconfig(options, shown.pki)
  renewing(options, { api, shown, nodeIP }, cleanup)
  env.log.info('the API is served', { port: api.listener.port, nodeIP })
  return api
}

/** Loaded by who keeps something encrypted. */
async function encryptionOf(
  config: EncryptionConfig,
  options: ServerOptions & { readonly nodeIP: string; readonly metrics: Metrics },
): Promise<Encryption> {
  const { startEncryption } = await import('./encryption/encryption.ts')
  return startEncryption({ ...options, config, server: identityOf(options).name })
}

/** The certificates that the API server shows, made anew where that is due. */
async function certificatesOf(options: ServerOptions, nodeIP: string): Promise<ShownCertificates> {
  const place = { folder: options.paths.pki, env: options.env }
  const pki = await ensurePki({ ...place, servingNames: servingNames(options.settings, nodeIP) })
  // For nodes that join; one of this very process is reached without a socket.
  return { pki, kubeletTls: await ensureKubeletClient(place) }
}

interface Serving {
  readonly api: RunningApi
  readonly shown: ShownCertificates
  readonly nodeIP: string
}

/** Keeps the certificates good while the API is served; `cleanup` ends it. */
function renewing(options: ServerOptions, { api, shown, nodeIP }: Serving, cleanup: AsyncDisposableStack): void {
  const { env, paths } = options
  const ending = new AbortController()
  let known = JSON.stringify(shown)
  const renewal = keepRenewed({ folder: paths.pki, env, signal: ending.signal }, async () => {
    const renewed = await certificatesOf(options, nodeIP)
    const now = JSON.stringify(renewed)
    if (now === known) return
    api.renew(renewed)
    writeAdminKubeconfig(options, renewed.pki)
    known = now
    env.log.info('certificates were renewed')
  })
  cleanup.defer(async () => {
    ending.abort(new Error('the server ends'))
    await renewal
  })
}

/** It names the API by loopback: there it is reached whatever network the machine is in. */
function writeAdminKubeconfig({ settings, paths }: ServerOptions, { ca, admin }: Pki): void {
  const text = renderKubeconfig(contextName(settings.name), {
    server: `https://127.0.0.1:${settings.apiPort}`,
    caCertificate: ca.cert,
    clientCertificate: admin.cert,
    clientKey: admin.key,
  })
  writeFileAtomic(paths.kubeconfig, text, { mode: 0o600 })
}
