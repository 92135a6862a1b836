import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { type ConnectTls, networkConnector } from '../../apiserver/http/kubelet-connector.ts'
import { serveHttps } from '../../apiserver/http/serve.ts'
import { networkWebhooks } from '../../apiserver/http/webhook-caller.ts'
import type { HttpsListener } from '../../apiserver/http/serve.ts'
import type { HealthCheck } from '../../apiserver/health/health.ts'
import { Metrics } from '../../apiserver/metrics/metrics.ts'
import type { PeerIdentity } from '../../apiserver/peers/identity.ts'
import { Presence } from '../../apiserver/peers/presence.ts'
import type { ApiServer } from '../../apiserver/server.ts'
import { openApiDescriptions } from './openapi.ts'
import { nthAddress } from '../../host/cluster/resolve.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { uuid } from '../../lib/random.ts'
import type { Store } from '../../store/store.ts'
import type { Verbosity } from '../../lib/verbosity.ts'
import { authenticationOptions } from './api-config/authentication.ts'
import { authorizationOptions } from './api-config/authorization.ts'
import type { ApiConfig } from './api-config/config.ts'
import { auditOf } from './audit.ts'
import { tokenKeys } from './api-config/account-flags.ts'
import { publishTrust } from '../../apiserver/bootstrap/bootstrap.ts'
import { Authorities } from './authorities.ts'
import { currentAuthority } from './certificate-authority.ts'
import { type GuardedApiOptions, startGuardedApi, type ApiAccess } from './guarded-api.ts'
import { debugRoutes } from './debug-routes.ts'
import type { KeyPair } from './certificates.ts'
import type { OpenSigner } from './external-signer/open.ts'
import type { Pki } from './pki.ts'
import { Followed } from './followed.ts'
import { remoteService } from './remote-service.ts'
import { listenProblem } from './port.ts'
import { collectProcess } from './process-metrics.ts'
import { servingTls, watchCertificates } from './serving-tls.ts'
import { startTracing } from './tracing.ts'

/** A running API server, and clients of it in the same process. */
export interface RunningApi extends ApiAccess {
  readonly server: ApiServer
  readonly listener: Pick<HttpsListener, 'port' | 'close'>
  /** Shows these certificates from now on, to clients and to whom it passes requests on. */
  renew(shown: ShownCertificates): void
}

/** What the API server proves itself with. */
export interface ShownCertificates {
  readonly pki: Pki
  /** How node agents of other processes know this server. */
  readonly kubeletTls?: KeyPair | undefined
}

export interface ApiOptions extends ShownCertificates {
  readonly settings: ClusterSettings
  readonly env: Env
  readonly store: Store
  readonly nodeIP: string
  readonly bindAddress: string
  readonly config: ApiConfig
  /** How much is logged. */
  readonly verbosity?: Verbosity
  /** What is counted; the server's own unless told. */
  readonly metrics?: Metrics
  /** Beyond the server's own. */
  readonly healthChecks?: readonly HealthCheck[]
}

/** Builds the API server and listens. A UserError when the port is taken. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { env, store, settings, pki, nodeIP } = options
  const descriptions = openApiDescriptions()
  let shown: ShownCertificates = options
  // Asked for each connection.
  const connect: ConnectTls = {
    get kubelet() {
      const { kubeletCa: ca } = options.config.serving
      return shown.kubeletTls && { ...shown.kubeletTls, ...(ca !== undefined && { ca }) }
    },
    get frontProxy() {
      return shown.pki.frontProxy.client
    },
  }
  const authorities = new Authorities(env, pki, options.config.authentication.certificates)
  const { tracing: traced } = options.config.observability
  const tracing = traced && (await startTracing(traced, { env, instance: identityOf(options).name }))
  const { accounts } = options.config.authentication
  const { endpoint } = accounts.keys
  const external = endpoint === undefined ? undefined : await externalSigner(endpoint, options)
  const api = await startGuardedApi({
    store,
    env,
    rootCa: pki.ca.cert,
    serviceCidr: settings.serviceCidr,
    clusterDomain: settings.clusterDomain,
    address: `${nodeIP}:${settings.apiPort}`,
    ...(external ? { accountKeys: external.keys } : { tokenKeys: tokenKeys(pki.serviceAccount, accounts.keys) }),
    authenticators: [authorities.authenticator],
    ...authenticationOptions(options.config.authentication, {
      clock: env.clock,
      serverId: identityOf(options).name,
    }),
    ...(external && { accountTokens: external.accountTokens }),
    admission: options.config.admission,
    flow: options.config.flow,
    minRequestTimeoutSeconds: options.config.flow.minRequestTimeoutSeconds,
    audit: auditOf(options.config.audit, env),
    ...imagePolicyOf(options),
    authorization: authorizationOptions(options.config.authorization, {
      clock: env.clock,
      serverId: identityOf(options).name,
    }),
    trust: authorities.trust,
    connector: networkConnector(connect),
    callWebhook: networkWebhooks(),
    eventTtlMs: options.config.serving.eventTtlMs,
    ...(options.verbosity && { verbosity: options.verbosity }),
    ...(tracing && { tracer: tracing.tracer }),
    ...(options.metrics && { metrics: options.metrics }),
    ...(options.healthChecks && { healthChecks: options.healthChecks }),
    routes: debugRoutes({ ...options, ...options.config.observability }),
    ...(descriptions && { descriptions }),
  })
  collectProcess(api.server.metrics)
  const listener = await listen(api.server, options, connect)
  let { serving } = options.config
  const stopWatching = watchCertificates(env, serving, (now) => {
    serving = now
    listener.renew(servingTls(shown.pki, serving, authorities.config))
  })
  const at = { address: nodeIP, port: listener.port }
  await api.bootstrap(at, { localVolumes: true })
  const presence = store.shared ? new Presence({ server: api.server, at, identity: identityOf(options) }) : undefined
  await presence?.start()
  const publish = (): void => {
    publishTrust(api.server, authorities.trust).catch((err: unknown) => {
      env.log.error('authorities cannot be published', { err })
    })
  }
  authorities.follow(() => {
    listener.renew(servingTls(shown.pki, serving, authorities.config))
    publish()
  })
  const rootCa = new Followed(() => shown.pki.ca.cert)
  return {
    ...api,
    get rootCa() {
      return shown.pki.ca.cert
    },
    followRootCa: (changed, signal) => rootCa.follow(changed, signal),
    certificateAuthority: currentAuthority(env.random, () => shown.pki.ca),
    renew(renewed) {
      shown = renewed
      if (authorities.replace(renewed.pki)) publish()
      listener.renew(servingTls(renewed.pki, serving, authorities.config))
      rootCa.look()
    },
    listener: {
      port: listener.port,
      async close() {
        stopWatching()
        authorities.stop()
        await endGently(api.server, listener, options)
        await presence?.stop()
        await listener.close()
        await api.stop()
        external?.close()
        await tracing?.close()
      },
    },
  }
}

/** Loaded by who has tokens signed elsewhere. */
async function externalSigner(endpoint: string, { env, config, metrics }: ApiOptions): Promise<OpenSigner> {
  const { openExternalSigner } = await import('./external-signer/open.ts')
  const { accountTokens } = config.authentication.accounts
  return openExternalSigner({ endpoint, env, accountTokens, metrics: metrics ?? new Metrics() })
}

/** As upstream ends on SIGTERM: not ready, then nobody else is let in, and what is under way is answered. */
async function endGently(server: ApiServer, listener: HttpsListener, { config, env }: ApiOptions): Promise<void> {
  const { delayMs, sendRetryAfter } = config.serving.shutdown
  server.ending.begun = true
  if (delayMs > 0) await sleep(env.clock, delayMs)
  server.ending.refuses = sendRetryAfter
  await listener.drain({ graceMs: config.flow.requestTimeoutMs, listens: sendRetryAfter })
}

/** The names and addresses that the serving certificate must carry. */
export function servingNames({ serviceCidr, clusterDomain, nodeName }: ClusterSettings, nodeIP: string): string[] {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${clusterDomain}`,
  ]
  return [...new Set([...service, 'localhost', nodeName, '127.0.0.1', '::1', nodeIP, nthAddress(serviceCidr, 1)])]
}

/** As upstream names its servers: by a hash of where they are. */
export function identityOf({ settings, nodeIP, env }: Pick<ApiOptions, 'settings' | 'nodeIP' | 'env'>): PeerIdentity {
  const where = hostname()
  const hash = createHash('sha256').update(`${where} ${nodeIP} ${settings.apiPort}`).digest()
  const letters = [...hash.subarray(0, 16)].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('')
  const name = `apiserver-${letters}`
  return { name, holder: `${name}_${uuid(env.random)}`, hostname: where }
}

async function listen(server: ApiServer, options: ApiOptions, connect: ConnectTls): Promise<HttpsListener> {
  const { settings, pki, bindAddress } = options
  const { serving } = options.config
  try {
    return await serveHttps(server, {
      port: settings.apiPort,
      host: bindAddress,
      connect,
      tls: servingTls(pki, serving, options.config.authentication.certificates),
      pages: serving,
      http2: serving.http2,
      requestTimeoutMs: options.config.flow.requestTimeoutMs,
      goawayChance: options.config.flow.goawayChance,
      ...(serving.maxStreams !== undefined && { maxStreams: serving.maxStreams }),
    })
  } catch (error) {
    throw listenProblem(error, bindAddress, settings.apiPort)
  }
}

const IMAGE_POLICY_TIMEOUT_MS = 30_000

/** The way to who is asked about images, if anybody is. A UserError when its kubeconfig cannot be used. */
function imagePolicyOf({ config: { admission }, env }: ApiOptions): Pick<GuardedApiOptions, 'imagePolicy'> {
  const file = admission.imagePolicy?.kubeConfigFile
  return file === undefined ? {} : { imagePolicy: remoteService(file, IMAGE_POLICY_TIMEOUT_MS, env.clock) }
}
