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
import type { OpenSigner } from './external-signer/open.ts'
import { remoteService } from './remote-service.ts'
import { listenProblem } from './port.ts'
import { collectProcess } from './process-metrics.ts'
import { servingTls } from './serving-tls.ts'
import { CertificatesInUse, type ShownCertificates } from './shown-certificates.ts'
import { startTracing } from './tracing.ts'

/** A running API server, and clients of it in the same process. */
export interface RunningApi extends ApiAccess {
  readonly server: ApiServer
  readonly listener: Pick<HttpsListener, 'port' | 'close'>
  /** Shows these certificates from now on, to clients and to whom it passes requests on. */
  renew(shown: ShownCertificates): void
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
export async function startApi(given: ApiOptions): Promise<RunningApi> {
  const options = { ...given, metrics: given.metrics ?? new Metrics() }
  const { env, config, nodeIP } = options
  const certificates = new CertificatesInUse(options, config.serving)
  const connect = certificates.connectTls()
  const authorities = new Authorities(env, options.pki, config.authentication.certificates)
  const tracing = await tracingOf(options)
  const external = await externalSigner(options)
  const api = await startGuardedApi({
    ...guardedOptions(options),
    ...tokensOf(options, external),
    authenticators: [authorities.authenticator],
    trust: authorities.trust,
    connector: networkConnector(connect),
    ...(tracing && { tracer: tracing.tracer }),
  })
  collectProcess(api.server.metrics)
  const listener = await listen(api.server, options, connect)
  certificates.show({ env, listener, authorities, publish: (trust) => publishTrust(api.server, trust) })
  const at = { address: nodeIP, port: listener.port }
  await api.bootstrap(at, { localVolumes: true })
  const presence = await presenceOf(options, api.server, at)
  certificates.followAuthorities()
  const close = async (): Promise<void> => {
    certificates.stop()
    await endGently(api.server, listener, options)
    await presence?.stop()
    await listener.close()
    await api.stop()
    external?.close()
    await tracing?.close()
  }
  return {
    ...api,
    get rootCa() {
      return certificates.pki.ca.cert
    },
    followRootCa: (changed, signal) => certificates.followRootCa(changed, signal),
    certificateAuthority: currentAuthority(env.random, () => certificates.pki.ca),
    renew: (shown) => certificates.renew(shown),
    listener: { port: listener.port, close },
  }
}

type MeteredOptions = ApiOptions & { readonly metrics: Metrics }

/** What the cluster and its flags say of the API server; of who asks and who is asked see startApi. */
function guardedOptions(options: MeteredOptions): GuardedApiOptions {
  const { env, store, settings, pki, nodeIP, config, metrics, verbosity, healthChecks } = options
  const descriptions = openApiDescriptions()
  const by = { clock: env.clock, serverId: identityOf(options).name }
  return {
    store,
    env,
    metrics,
    rootCa: pki.ca.cert,
    serviceCidr: settings.serviceCidr,
    clusterDomain: settings.clusterDomain,
    address: `${nodeIP}:${settings.apiPort}`,
    ...authenticationOptions(config.authentication, by),
    admission: config.admission,
    flow: config.flow,
    minRequestTimeoutSeconds: config.flow.minRequestTimeoutSeconds,
    audit: auditOf(config.audit, env),
    ...imagePolicyOf(options),
    authorization: authorizationOptions(config.authorization, by),
    callWebhook: networkWebhooks(),
    eventTtlMs: config.serving.eventTtlMs,
    ...(verbosity && { verbosity }),
    ...(healthChecks && { healthChecks }),
    routes: debugRoutes({ ...options, ...config.observability }),
    ...(descriptions && { descriptions }),
  }
}

/** Who signs service account tokens: the cluster's keys, or a signer elsewhere, whose tokens last no longer than it says. */
function tokensOf(
  { pki, config }: ApiOptions,
  external: OpenSigner | undefined,
): Pick<GuardedApiOptions, 'accountKeys' | 'accountTokens' | 'tokenKeys'> {
  if (external) return { accountKeys: external.keys, accountTokens: external.accountTokens }
  return { tokenKeys: tokenKeys(pki.serviceAccount, config.authentication.accounts.keys) }
}

/** Loaded by who has tokens signed elsewhere. */
async function externalSigner({ env, config, metrics }: MeteredOptions): Promise<OpenSigner | undefined> {
  const { accountTokens, keys } = config.authentication.accounts
  if (keys.endpoint === undefined) return undefined
  const { openExternalSigner } = await import('./external-signer/open.ts')
  return openExternalSigner({ endpoint: keys.endpoint, env, accountTokens, metrics })
}

async function tracingOf(options: ApiOptions): Promise<Awaited<ReturnType<typeof startTracing>> | undefined> {
  const { env, config } = options
  const { tracing } = config.observability
  return tracing && startTracing(tracing, { env, instance: identityOf(options).name })
}

/** Where several API servers share a store, they know of each other. */
async function presenceOf(
  options: ApiOptions,
  server: ApiServer,
  at: { readonly address: string; readonly port: number },
): Promise<Presence | undefined> {
  if (!options.store.shared) return undefined
  const presence = new Presence({ server, at, identity: identityOf(options) })
  await presence.start()
  return presence
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
