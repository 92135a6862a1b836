import type { Env } from '../../../lib/env.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { JwtAuthenticatorConfig } from '../configuration/schema.ts'
import type { TokenAuthenticator } from '../tokens.ts'
import type { Authentication } from '../types.ts'
import { DistributedClaims } from './distributed.ts'
import type { Fetch } from './fetch.ts'
import { untrustedIssuer } from './jws.ts'
import { ClaimMapper } from './mapper.ts'
import type { JwtMetrics } from './metrics.ts'
import { Provider } from './provider.ts'
import { verifiedClaims } from './verify.ts'

export interface JwtOptions {
  readonly env: Env
  readonly fetch: Fetch
  /** What tokens may be signed with. */
  readonly algorithms: readonly string[]
  /** Ends all that goes on by itself. */
  readonly signal: AbortSignal
  readonly metrics?: JwtMetrics | undefined
}

/** Issuers are reached without an egress selector, as by a server that has no configuration of any: throws an Error in upstream's words. */
export function demandNoEgress({ issuer: { egressSelectorType: type = '' } = {} }: JwtAuthenticatorConfig): void {
  if (type !== '') throw new Error(`oidc: egress lookup required with egress selector type ${goQuote(type)}`)
}

/** Knows the users of one issuer by its tokens (upstream's oidc authenticator). Tokens of others are none of its. */
export class JwtAuthenticator implements TokenAuthenticator {
  readonly #options: JwtOptions
  readonly #issuer: string
  readonly #audiences: readonly string[]
  readonly #provider: Provider
  readonly #mapper: ClaimMapper
  readonly #distributed: DistributedClaims | undefined

  /** Throws an Error for a configuration that is not valid. The issuer need not be there yet. */
  constructor(config: JwtAuthenticatorConfig, options: JwtOptions) {
    const { url: issuer = '', audiences = [], certificateAuthority, discoveryURL } = config.issuer ?? {}
    const { env, fetch, signal, metrics, algorithms } = options
    demandNoEgress(config)
    this.#options = options
    this.#issuer = issuer
    this.#audiences = audiences
    this.#mapper = new ClaimMapper(config)
    const common = { ca: certificateAuthority || undefined, fetch, clock: env.clock, log: env.log, signal }
    this.#provider = new Provider({
      ...common,
      issuer,
      ...(discoveryURL && { discoveryUrl: discoveryURL }),
      ...(metrics && { onKeysFetched: (set: string | undefined) => metrics.keysFetched(issuer, set) }),
    })
    const claim = config.claimMappings?.groups?.claim ?? ''
    const requirements = { audiences, algorithms }
    this.#distributed =
      claim === ''
        ? undefined
        : new DistributedClaims({ ...common, claim, requirements, provider: (given) => new Provider(given) })
  }

  /** Resolves when its issuer was found, which may be never. */
  get found(): Promise<void> {
    return this.#provider.found
  }

  /** Why it knows nobody yet; undefined when it does. */
  get problem(): Error | undefined {
    const { problem } = this.#provider
    if (!problem) return undefined
    return new Error(`oidc: authenticator for issuer ${goQuote(this.#issuer)} is not healthy: ${problem.message}`)
  }

  authenticateToken(token: string): Promise<Authentication> | undefined {
    return untrustedIssuer(token) === this.#issuer ? this.#timed(token) : undefined
  }

  async #timed(token: string): Promise<Authentication> {
    const { env, metrics } = this.#options
    const started = env.clock.monotonic()
    let result: 'success' | 'failure' = 'failure'
    try {
      const found = await this.#authenticated(token)
      result = 'success'
      return found
    } finally {
      metrics?.authenticated(this.#issuer, result, (env.clock.monotonic() - started) / 1000)
    }
  }

  async #authenticated(token: string): Promise<Authentication> {
    const { keys } = this.#provider
    if (!keys) throw new Error('oidc: authenticator not initialized')
    const { algorithms, env } = this.#options
    const requirements = { issuer: this.#issuer, audiences: this.#audiences, algorithms }
    const claims = await verifiedClaims(token, requirements, keys, env.clock.now() / 1000).catch(
      prefixed('oidc: verify token'),
    )
    const expanded = this.#distributed?.expanded(claims).catch(prefixed('oidc: could not expand distributed claims'))
    return { user: this.#mapper.userOf((await expanded) ?? claims) }
  }
}

function prefixed(what: string): (error: unknown) => never {
  return (error) => {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
