import { builtInResources } from '../../api/index.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { Descriptions } from '../../api/openapi/model.ts'
import type { AdmissionConfig } from '../../apiserver/admission/config.ts'
import type { CallWebhook } from '../../apiserver/admission/webhooks/types.ts'
import type { Authenticator, UserInfo } from '../../apiserver/authn/types.ts'
import { clusterIssuer } from '../../apiserver/authn/service-account/issuer.ts'
import type { AccountTokenKeys, TokenKeyPems } from '../../apiserver/authn/service-account/keys.ts'
import { bootstrap, type BootstrapOptions, SELF } from '../../apiserver/bootstrap/bootstrap.ts'
import type { Trust } from '../../apiserver/bootstrap/trust.ts'
import { Aggregation } from '../../apiserver/aggregation/aggregation.ts'
import type { AuthorizationOptions } from '../../apiserver/authz/configuration/configured.ts'
import { CustomResources } from '../../apiserver/customresources/custom-resources.ts'
import { DEFAULT_FLOW_CONTROL, type FlowControlConfig } from '../../apiserver/flow-control/config.ts'
import { Auditor } from '../../apiserver/audit/auditor.ts'
import type { AuditBackend, LostEvents } from '../../apiserver/audit/backends/sink.ts'
import { AuditMetrics } from '../../apiserver/audit/metrics.ts'
import { type Policy, PolicyEvaluator } from '../../apiserver/audit/policy.ts'
import { type AccountTokenConfig, createGuard } from '../../apiserver/guard.ts'
import { BootSequence } from '../../apiserver/health/boot-sequence.ts'
import type { HealthCheck } from '../../apiserver/health/health.ts'
import { handle } from '../../apiserver/inprocess/handle.ts'
import type { Connector } from '../../apiserver/registry/connect/connector.ts'
import { Metrics } from '../../apiserver/metrics/metrics.ts'
import type { Route } from '../../apiserver/routes/routes.ts'
import type { Tracer } from '../../apiserver/tracing/tracer.ts'
import type { RemoteService } from '../../apiserver/remote/service.ts'
import { createApiServer, type ApiServer } from '../../apiserver/server.ts'
import type { Client } from '../../client/client.ts'
import { createClient } from '../../client/create-client.ts'
import { inProcessTransport, type InProcessHandler } from '../../client/inprocess.ts'
import type { Transport } from '../../client/transport.ts'
import type { CertificateAuthority } from '../../controllers/csrsigning/controller.ts'
import type { Env } from '../../lib/env.ts'
import type { Verbosity } from '../../lib/verbosity.ts'
import type { Store } from '../../store/store.ts'

/** What the parts of a control plane need of its API server. */
export interface ApiAccess {
  /** What is counted, for /metrics; absent where the API server is another process. */
  readonly metrics?: Metrics
  /** The CA of the API's certificate, in PEM. */
  readonly rootCa: string
  /** Tells of each other CA that comes in its place, until the signal aborts; absent where none does. */
  followRootCa?(changed: (rootCa: string) => void, signal: AbortSignal): void
  /** Signs the claims of a service account token that is kept in a Secret; absent where the key is not at hand. */
  readonly signServiceAccountToken?: (claims: Readonly<Record<string, unknown>>) => Promise<string>
  /** Signs certificates that are asked for and approved; absent where the authority's key is not at hand. */
  readonly certificateAuthority?: CertificateAuthority
  /** A way in that acts as `user`; nothing but sockets and re-encoding is saved. */
  transportFor(user: UserInfo): Transport
  /** A client on it. */
  clientFor(user: UserInfo, userAgent: string): Client
}

export interface GuardedApiOptions {
  readonly store: Store
  readonly env: Env
  /** The CA of the API's certificate, in PEM: pods are told to trust it. */
  readonly rootCa: string
  readonly serviceCidr: string
  readonly clusterDomain: string
  /** `host:port` where clients reach the server, if any do. */
  readonly address?: string
  /** Of service account tokens; made for the life of the process when absent. */
  readonly tokenKeys?: TokenKeyPems
  /** Signs service account tokens instead of these, and not those that are kept in Secrets. */
  readonly accountKeys?: AccountTokenKeys
  /** How service account tokens are made and known. */
  readonly accountTokens?: AccountTokenConfig
  /** The CA of front proxies, in PEM: aggregated API servers are told to trust it. */
  readonly frontProxyCa?: string
  /** Whom aggregated API servers are told to trust, instead of these two. */
  readonly trust?: Trust
  /** Asked before tokens are looked at. */
  readonly authenticators?: readonly Authenticator[]
  /** Users by their token. */
  readonly staticTokens?: ReadonlyMap<string, UserInfo>
  /** Whether tokens of Secrets let new nodes in, as upstream's --enable-bootstrap-token-auth. */
  readonly bootstrapTokens?: boolean
  /** The way to nodes that are not of this process. */
  readonly connector?: Connector
  /** The way to admission webhooks. */
  readonly callWebhook?: CallWebhook
  /** The way to the service of ImagePolicyWebhook. */
  readonly imagePolicy?: RemoteService
  /** Which admission plugins stand; see createGuard. */
  readonly admission?: AdmissionConfig
  /** How requests are authorized; by Node and RBAC unless told. */
  readonly authorization?: AuthorizationOptions
  readonly descriptions?: Descriptions
  /** See ApiServerOptions. */
  readonly verbosity?: Verbosity
  readonly tracer?: Tracer
  /** What is told of requests, and to whom; nothing unless told. */
  readonly audit?: AuditOptions | undefined
  /** Paths beyond the API's own. */
  readonly routes?: readonly Route[]
  /** How many requests are answered at a time; upstream's defaults unless told. */
  readonly flow?: FlowControlConfig
  /** What is counted; the server's own unless told. */
  readonly metrics?: Metrics
  /** Beyond the server's own. */
  readonly healthChecks?: readonly HealthCheck[]
  /** See ApiServerOptions. */
  readonly minRequestTimeoutSeconds?: number
  readonly freeze?: boolean
  /** The store holds already what `bootstrap` makes. */
  readonly bootstrapped?: boolean
  /** See ApiServerOptions. */
  readonly bookmarkMs?: number
  /** How long events are kept; an hour unless told. */
  readonly eventTtlMs?: number
  /** What requests of this process go through; the server itself unless told. */
  readonly through?: (handler: InProcessHandler<UserInfo>) => InProcessHandler<UserInfo>
}

/** What is told of requests, and to whom. */
export interface AuditOptions {
  readonly policy: Policy
  /** Makes where events go, once; `lost` is told of those that do not get there. */
  backend(lost: LostEvents): AuditBackend
}

/** An API server with everything that guards it, and no socket. */
export interface GuardedApi extends ApiAccess {
  readonly server: ApiServer
  /** Makes what every cluster has. Until then the server says that it is not ready. */
  bootstrap(advertise?: BootstrapOptions['advertise'], more?: Pick<BootstrapOptions, 'localVolumes'>): Promise<void>
  stop(): Promise<void>
}

/** Puts an API server together: guard, built-in and custom resources. Resolves when it knows what the store holds. */
export async function startGuardedApi(options: GuardedApiOptions): Promise<GuardedApi> {
  const { env, rootCa, serviceCidr, through = (handler) => handler } = options
  const boot = new BootSequence((options.flow ?? DEFAULT_FLOW_CONTROL).priorityAndFairness)
  const metrics = options.metrics ?? new Metrics()
  const guard = createGuard({ ...options, metrics, issuer: clusterIssuer(options.clusterDomain) })
  const auditing = new AuditMetrics(metrics, env)
  const told = options.audit?.backend((plugin, error, events) => auditing.lost(plugin, error, events))
  const server = createApiServer({
    ...options,
    ...guard,
    audit: told && auditorOf(options, told, auditing),
    metrics,
    routes: [...guard.routes, ...(options.routes ?? [])],
    resources: keptFor(options.eventTtlMs),
    healthChecks: [...(options.healthChecks ?? []), ...boot.checks()],
    serviceNetwork: { cidrs: [serviceCidr] },
  })
  await guard.start()
  boot.done('guard')
  const aggregation = new Aggregation(server)
  server.aggregate(aggregation)
  const custom = new CustomResources(server, options)
  await custom.start()
  boot.done('customResources')
  await aggregation.start()
  boot.done('aggregation')
  const answer = through((request, identity) => handle(server, request, identity))
  const keepFlowControl = guard.maintainFlowControl((request) => answer(request, SELF))
  const tracking = guard.trackTokens((request) => answer(request, SELF))
  const maintain = async (): Promise<void> => {
    await Promise.all([keepFlowControl.start(), tracking.start()])
    boot.done('objects')
  }
  if (options.bootstrapped) await maintain()
  const transportFor = (user: UserInfo): Transport => inProcessTransport(answer, user)
  return {
    server,
    metrics,
    rootCa,
    ...(!options.accountKeys && { signServiceAccountToken: (claims) => guard.signServiceAccountToken(claims) }),
    transportFor,
    clientFor: (user, userAgent) => createClient({ transport: transportFor(user), env, userAgent }),
    async bootstrap(advertise, more) {
      await bootstrap(server, {
        ...more,
        serviceCidrs: [serviceCidr],
        advertise,
        trust: options.trust ?? { clientCa: rootCa, requestHeaderCa: options.frontProxyCa },
      })
      await maintain()
    },
    async stop() {
      keepFlowControl.stop()
      await aggregation.stop()
      await custom.stop()
      guard.stop()
      server.close()
      await told?.shutdown()
    },
  }
}

function auditorOf({ audit, env }: GuardedApiOptions, sink: AuditBackend, metrics: AuditMetrics): Auditor | undefined {
  return audit && new Auditor({ policy: new PolicyEvaluator(audit.policy), sink, clock: env.clock, metrics })
}

/** What is built in, with events that are kept for so long. */
function keptFor(ttlMs: number | undefined): readonly ResourceDefinition[] {
  if (ttlMs === undefined) return builtInResources
  return builtInResources.map((one) => (one.ttlMs === undefined ? one : { ...one, ttlMs }))
}
