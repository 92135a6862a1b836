import { equalBytes } from '../registry/equal.ts'
import type { Env } from '../../lib/env.ts'
import { ReloadMetrics } from '../config/reload-metrics.ts'
import type { ConfigurationFile } from '../config/configuration-file.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Slices } from '../flow-control/slices.ts'
import type { RemoteService } from '../remote/service.ts'
import { aggregatedFields, loadAuthenticationConfiguration } from './configuration/load.ts'
import type { AnonymousConfig, AuthenticationConfiguration } from './configuration/schema.ts'
import { validateAuthenticationConfiguration, validateChange } from './configuration/validate.ts'
import type { Fetch } from './jwt/fetch.ts'
import { JwtAuthenticators } from './jwt/jwt-authenticators.ts'
import { JwtMetrics } from './jwt/metrics.ts'
import { TokenCacheMetrics } from './metrics.ts'
import { TokenCache } from './token-cache.ts'
import { audienceAgnostic, type TokenAuthenticator } from './tokens.ts'
import { tokenWebhook } from './webhook/authenticator.ts'

/** Who is known by tokens of others than the cluster itself. */
export interface AuthenticationOptions {
  /** Where strangers are let in; everywhere unless told. */
  readonly anonymous?: AnonymousConfig
  readonly issuers?: IssuersOptions
  readonly tokenWebhook?: WebhookOptions
}

/** Issuers of tokens, by a file or by flags. */
export interface IssuersOptions {
  readonly configuration: AuthenticationConfiguration
  /** What tokens may be signed with. */
  readonly algorithms: readonly string[]
  readonly fetch: Fetch
  /** Names the server in metrics. */
  readonly serverId: string
  /** The file that the configuration was read from. */
  readonly file?: Omit<ConfigurationFile, 'fileProblem'>
}

/** A service that is asked whose tokens are. */
export interface WebhookOptions {
  readonly service: RemoteService
  readonly version: 'v1' | 'v1beta1'
  readonly cacheTtlMs: number
}

export interface ConfiguredTokensOptions extends AuthenticationOptions {
  readonly env: Env
  readonly metrics: Metrics
  readonly slices?: Slices
  readonly apiAudiences: readonly string[]
  /** The issuers of service account tokens: no other issuer may call itself so. */
  readonly accountIssuers: readonly string[]
}

/** How long a token of an issuer is good without being looked at again. */
const SUCCESS_TTL_MS = 10_000

/** The tokens of a configuration, which may change while the server runs. */
export class ConfiguredTokens {
  /** In the order they are asked. */
  readonly authenticators: readonly TokenAuthenticator[]
  readonly #options: ConfiguredTokensOptions
  readonly #ending = new AbortController()
  readonly #issuers: JwtAuthenticators | undefined
  readonly #reloads: ReloadMetrics | undefined
  #reloading: Promise<void> = Promise.resolve()
  #applied: Uint8Array | undefined
  #stopFollowing: (() => void) | undefined

  constructor(options: ConfiguredTokensOptions) {
    const { issuers, metrics, env, slices, tokenWebhook: webhook } = options
    this.#options = options
    const cacheMetrics = issuers || webhook ? new TokenCacheMetrics(metrics) : undefined
    const cached = (inner: TokenAuthenticator, successTtlMs: number, failureTtlMs: number): TokenCache =>
      new TokenCache(inner, {
        clock: env.clock,
        successTtlMs,
        failureTtlMs,
        keepErrors: false,
        slices,
        metrics: cacheMetrics,
      })
    this.#issuers = issuers && this.#issuersOf(issuers)
    this.#applied = issuers?.file?.bytes
    this.#reloads = issuers?.file && new ReloadMetrics(metrics, issuers.file, env.clock, 'authentication')
    this.authenticators = [
      ...(this.#issuers ? [audienceAgnostic(cached(this.#issuers, SUCCESS_TTL_MS, 0), options.apiAudiences)] : []),
      ...(webhook ? [cached(tokenWebhook({ ...options, ...webhook }), webhook.cacheTtlMs, webhook.cacheTtlMs)] : []),
    ]
  }

  /** Follows the configuration's file from now on. */
  start(): void {
    this.#stopFollowing ??= this.#options.issuers?.file?.follow((content) => {
      this.#reloading = this.#reloading.then(() => this.#reload(content))
    })
  }

  stop(): void {
    this.#stopFollowing?.()
    this.#ending.abort(new Error('the server ends'))
    this.#options.tokenWebhook?.service.close()
  }

  #issuersOf({ configuration, ...issuers }: IssuersOptions): JwtAuthenticators {
    const { env, metrics } = this.#options
    const counted = new JwtMetrics(metrics, env.clock, issuers.serverId)
    return new JwtAuthenticators(configuration, { ...issuers, env, signal: this.#ending.signal, metrics: counted })
  }

  /** What cannot be used changes nothing. */
  async #reload(content: Uint8Array | Error): Promise<void> {
    const { env, issuers, accountIssuers } = this.#options
    if (!issuers) return
    if (!(content instanceof Error) && this.#applied && equalBytes(content, this.#applied)) return
    try {
      if (content instanceof Error) throw content
      const configuration = this.#read(content, issuers.configuration, accountIssuers)
      await this.#issuers?.replace(configuration)
      this.#applied = content
      this.#reloads?.succeeded(content)
      env.log.info('reloaded authentication config')
    } catch (err) {
      this.#reloads?.failed()
      env.log.error('reloading authentication config', { err })
    }
  }

  /** What can never be used is not looked at again. */
  #read(
    content: Uint8Array,
    first: AuthenticationConfiguration,
    accountIssuers: readonly string[],
  ): AuthenticationConfiguration {
    try {
      const configuration = loadAuthenticationConfiguration(content)
      const problems = [
        ...validateAuthenticationConfiguration(configuration, accountIssuers),
        ...validateChange(configuration, first),
      ]
      const problem = aggregatedFields(problems)
      if (problem !== undefined) throw new Error(problem)
      return configuration
    } catch (error) {
      this.#applied = content
      throw error
    }
  }
}
