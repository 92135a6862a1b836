import type { Env } from '../lib/env.ts'
import type { Store } from '../store/store.ts'
import type { AdmissionConfig } from './admission/config.ts'
import { admissionPlugins } from './admission/index.ts'
import type { AdmissionPlugin } from './admission/types.ts'
import { type CallWebhook, noWebhooks } from './admission/webhooks/types.ts'
import { type AuthenticationOptions, ConfiguredTokens } from './authn/configured.ts'
import { bootstrapTokens } from './authn/bootstrap-tokens.ts'
import { entry } from './authn/entry.ts'
import { AuthenticationMetrics } from './authn/metrics.ts'
import { authenticationReviews } from './authn/reviews/reviews.ts'
import { accountTokens, type AccountTokenOptions } from './authn/service-account/authenticator.ts'
import { DEFAULT_ISSUER, TokenIssuer } from './authn/service-account/issuer.ts'
import { type AccountTokenKeys, type TokenKeyPems, TokenKeys } from './authn/service-account/keys.ts'
import { KEY_SET, openIdRoutes } from './authn/service-account/openid.ts'
import { tokenSubresource } from './authn/service-account/token-request.ts'
import { type SendAsServer, TokenTracking } from './authn/service-account/tracking.ts'
import { TokenUses } from './authn/service-account/use.ts'
import { staticTokens } from './authn/static-tokens.ts'
import { audienceAgnostic, bearerTokens, type TokenAuthenticator } from './authn/tokens.ts'
import { type Authenticator, firstOf, type UserInfo, withAuthenticatedGroup } from './authn/types.ts'
import { type AuthorizationOptions, ConfiguredAuthorizer } from './authz/configuration/configured.ts'
import { deviceChecks } from './authz/devices/checks.ts'
import { MASTERS, privilegedGroups } from './authz/privileged-groups.ts'
import { nodeAuthorizer } from './authz/node/authorizer.ts'
import { NodeGraph } from './authz/node/node-graph.ts'
import { escalationChecks } from './authz/rbac/escalation.ts'
import { RbacAuthorizer } from './authz/rbac/authorizer.ts'
import { authorizationReviews } from './authz/reviews/reviews.ts'
import type { Authorizer } from './authz/types.ts'
import { Metrics } from './metrics/metrics.ts'
import { type FlowControlConfig, DEFAULT_FLOW_CONTROL } from './flow-control/config.ts'
import { flowControl, maintenance } from './flow-control/index.ts'
import { Slices } from './flow-control/slices.ts'
import type { FlowMaintenance, MaintenanceOptions } from './flow-control/maintenance.ts'
import { Mirrors } from './mirror/mirrors.ts'
import type { RemoteService } from './remote/service.ts'
import type { ServingByName } from './registry/built-in.ts'
import type { Route } from './routes/routes.ts'

export interface GuardOptions extends AuthenticationOptions {
  readonly store: Store
  readonly env: Env
  /** Where it counts. */
  readonly metrics?: Metrics
  /** Asked before tokens are looked at: client certificates, front proxies. */
  readonly authenticators?: readonly Authenticator[]
  /** Of service account tokens; made for the life of the process when absent. */
  readonly tokenKeys?: TokenKeyPems
  /** Signs service account tokens and verifies them, instead of these keys. */
  readonly accountKeys?: AccountTokenKeys
  /** https://kubernetes.default.svc.cluster.local unless told. */
  readonly issuer?: string
  /** How service account tokens are made and known. */
  readonly accountTokens?: AccountTokenConfig
  /** Users by their token. */
  readonly staticTokens?: ReadonlyMap<string, UserInfo>
  /** Whether tokens of Secrets let new nodes in, as upstream's --enable-bootstrap-token-auth. */
  readonly bootstrapTokens?: boolean
  /** `host:port` where clients reach the server. */
  readonly address?: string
  /** The way to admission webhooks. */
  readonly callWebhook?: CallWebhook
  /** The way to the service of ImagePolicyWebhook. */
  readonly imagePolicy?: RemoteService
  /** Which admission plugins stand; upstream's defaults and NodeRestriction unless told. */
  readonly admission?: AdmissionConfig
  /** How requests are authorized; by Node and RBAC unless told. */
  readonly authorization?: AuthorizationOptions
  /** Upstream's defaults unless told. */
  readonly flow?: FlowControlConfig
}

/** Upstream's --service-account-* flags and --api-audiences. */
export interface AccountTokenConfig {
  /** Instead of GuardOptions.issuer: the first makes tokens, all are accepted. */
  readonly issuers?: readonly string[]
  /** Whom tokens must be for; the issuers unless told. */
  readonly apiAudiences?: readonly string[]
  /** Where others find the keys; at this server unless told. */
  readonly keysUri?: string
  readonly maxExpirationSeconds?: number
  readonly extendExpiration?: boolean
  readonly maxExtendedSeconds?: number
  readonly lookup?: boolean
}

/** Who may come in, what they may do, and what becomes of what they bring: the parts of an API server that guard it. */
export interface Guard {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly flowControl: ReturnType<typeof flowControl>
  readonly slices: Slices
  readonly admission: readonly AdmissionPlugin[]
  readonly serving: ServingByName
  readonly routes: readonly Route[]
  /** Keeps the objects of flow control in order, by requests of the server's own. */
  maintainFlowControl(send: MaintenanceOptions['send']): FlowMaintenance
  /** Notes in the cluster which tokens of Secrets are used, by requests of the server's own. */
  trackTokens(send: SendAsServer): TokenTracking
  /** Signs the claims of a token that is kept in a Secret. */
  signServiceAccountToken(claims: Readonly<Record<string, unknown>>): Promise<string>
  /** Resolves when all that the guard looks at is known; before, it refuses what it should not. */
  start(): Promise<void>
  stop(): void
}

/** Puts a guard together as upstream does; unless told otherwise with --authorization-mode=Node,RBAC and its default admission plugins. */
export function createGuard(options: GuardOptions): Guard {
  const { store, env, address = 'localhost:6443', callWebhook = noWebhooks } = options
  const { metrics = new Metrics(), anonymous = { enabled: true } } = options
  const mirrors = new Mirrors(store, env)
  const keys = options.accountKeys ?? new TokenKeys(options.tokenKeys)
  const {
    issuers = [options.issuer ?? DEFAULT_ISSUER],
    apiAudiences = issuers,
    keysUri,
    ...tokenTimes
  } = options.accountTokens ?? {}
  const [issuer = DEFAULT_ISSUER] = issuers
  const slices = new Slices(env.clock)
  const configured = new ConfiguredTokens({ ...options, metrics, slices, apiAudiences, accountIssuers: issuers })
  let tracking: TokenTracking | undefined
  const authenticator = authenticatorOf(options, {
    keys,
    slices,
    issuers,
    apiAudiences,
    more: configured.authenticators,
    uses: new TokenUses(metrics),
    usedSecret: async (secret) => tracking?.used(secret),
  })
  const door = { anonymous, clock: env.clock, metrics: new AuthenticationMetrics(metrics) }
  const graph = new NodeGraph(store, env)
  const flow = flowControl(options.flow ?? DEFAULT_FLOW_CONTROL, { mirrors, store, env })
  const rbac = new RbacAuthorizer(mirrors)
  const authorizer = new ConfiguredAuthorizer({
    ...options.authorization,
    env,
    metrics: options.metrics,
    first: [privilegedGroups(MASTERS)],
    node: nodeAuthorizer(graph),
    rbac,
  })
  const tokens = new TokenIssuer({ ...tokenTimes, keys, env, issuer, audiences: apiAudiences })
  return {
    authenticator: entry(authenticator, door),
    authorizer,
    admission: admissionPlugins({ ...options, mirrors, authorizer, callWebhook }, options.admission),
    flowControl: flow,
    slices,
    serving: {
      serviceaccounts: { subresources: { token: tokenSubresource(tokens) } },
      ...authenticationReviews({ authenticator, apiAudiences }),
      ...authorizationReviews(authorizer),
      ...escalationChecks({ rbac, authorizer }),
      ...deviceChecks,
    },
    routes: openIdRoutes(keys, issuer, keysUri ?? `https://${address}${KEY_SET}`),
    maintainFlowControl: (send) => maintenance(flow, { mirrors, env, send }),
    trackTokens: (send) => (tracking = new TokenTracking({ store, env, send })),
    signServiceAccountToken: (claims) => keys.sign(claims),
    async start() {
      await mirrors.start()
      authorizer.start()
      configured.start()
    },
    stop() {
      authorizer.stop()
      configured.stop()
      tracking?.stop()
      mirrors.stop()
      graph.stop()
    },
  }
}

interface Tokens extends Pick<AccountTokenOptions, 'uses' | 'usedSecret'> {
  readonly keys: AccountTokenKeys
  readonly slices: Slices
  readonly issuers: readonly string[]
  readonly apiAudiences: readonly string[]
  /** Asked last: they may have to look further. */
  readonly more: readonly TokenAuthenticator[]
}

function authenticatorOf(
  { store, env, authenticators = [], staticTokens: users = new Map<string, UserInfo>(), ...options }: GuardOptions,
  { more, ...tokens }: Tokens,
): Authenticator {
  const { apiAudiences } = tokens
  const bearer = bearerTokens(
    [
      ...(users.size > 0 ? [audienceAgnostic(staticTokens(users), apiAudiences)] : []),
      accountTokens({
        ...tokens,
        store,
        clock: env.clock,
        lookup: options.accountTokens?.lookup ?? true,
      }),
      ...(options.bootstrapTokens ? [audienceAgnostic(bootstrapTokens(store, env.clock), apiAudiences)] : []),
      ...more,
    ],
    apiAudiences,
  )
  return withAuthenticatedGroup(firstOf([...authenticators, bearer]))
}
