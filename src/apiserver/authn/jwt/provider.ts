import { goQuote } from '../../../lib/quote.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { type Clock, sleep } from '../../../lib/clock.ts'
import type { Logger } from '../../../lib/log.ts'
import type { Fetch } from './fetch.ts'
import { RemoteKeys } from './remote-keys.ts'

export interface ProviderOptions {
  readonly issuer: string
  /** Where its discovery document is, if not where the issuer's URL leads to. */
  readonly discoveryUrl?: string
  readonly ca?: string | undefined
  readonly fetch: Fetch
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  readonly onKeysFetched?: (keySet: string | undefined) => void
}

/** How long after a failure an issuer is asked again. */
const RETRY_MS = 10_000

/** An issuer on the network (OpenID Connect Discovery 1.0). It is looked for until it is found, so that it may come up after the server. */
export class Provider {
  readonly #options: ProviderOptions
  readonly #found = Promise.withResolvers<void>()
  #keys: RemoteKeys | undefined
  #problem: Error

  constructor(options: ProviderOptions) {
    this.#options = options
    this.#problem = new Error(`oidc: authenticator for issuer ${goQuote(options.issuer)} is not initialized`)
    void this.#initialize()
  }

  /** Undefined while it has not been found. */
  get keys(): RemoteKeys | undefined {
    return this.#keys
  }

  /** Resolves when it has been found, which may be never. */
  get found(): Promise<void> {
    return this.#found.promise
  }

  /** Why it has not been found; undefined when it has. */
  get problem(): Error | undefined {
    return this.#keys ? undefined : this.#problem
  }

  async #initialize(): Promise<void> {
    const { clock, log, signal, issuer } = this.#options
    while (!signal.aborted) {
      try {
        this.#keys = await this.#discover()
        this.#found.resolve()
        return
      } catch (error) {
        this.#problem = error instanceof Error ? error : new Error(String(error))
        log.error('oidc authenticator: initializing plugin', { err: error, issuer })
      }
      await sleep(clock, RETRY_MS, signal).catch(() => undefined)
    }
  }

  async #discover(): Promise<RemoteKeys> {
    const { issuer, discoveryUrl, ca, fetch, signal, clock, onKeysFetched } = this.#options
    const url = discoveryUrl || `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const { status, statusText, body } = await fetch({ url, ca, signal })
    if (status !== 200) throw new Error(`${status} ${statusText}: ${body.slice(0, 1024)}`)
    const { issuer: named, jwks_uri: keysUrl } = documentOf(body)
    if (named !== issuer) {
      const got = goQuote(typeof named === 'string' ? named : '')
      throw new Error(
        `oidc: issuer did not match the issuer returned by provider, expected ${goQuote(issuer)} got ${got}`,
      )
    }
    if (typeof keysUrl !== 'string' || keysUrl === '') throw new Error('provider did not return JWKS URL')
    return new RemoteKeys({
      url: keysUrl,
      ca,
      fetch,
      clock,
      signal,
      ...(onKeysFetched && { onFetched: onKeysFetched }),
    })
  }
}

function documentOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(body)
    if (isJsonObject(document)) return document
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Error('oidc: failed to decode provider discovery object')
}
