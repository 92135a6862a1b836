import type { Clock } from '../../lib/clock.ts'
import { Lru } from '../../lib/lru.ts'
import type { TokenCacheMetrics } from './metrics.ts'
import type { TokenAuthenticator } from './tokens.ts'
import type { Slices } from '../flow-control/slices.ts'
import type { Authentication, Sender } from './types.ts'

export interface TokenCacheOptions {
  readonly clock: Clock
  /** How long a token that was known stays so without being looked at again; 0 for not at all. */
  readonly successTtlMs: number
  /** The same for one that was not. */
  readonly failureTtlMs: number
  /** Whether failures to find out count as not known. */
  readonly keepErrors: boolean
  /** When those are looked at who are not remembered. */
  readonly slices?: Slices | undefined
  readonly metrics?: TokenCacheMetrics | undefined
}

/** What was found out about a token. */
type Found = { readonly authentication: Authentication | undefined } | { readonly error: unknown }

/** Tokens that are remembered at a time. */
const MOST_TOKENS = 32_768

/**
 * Asks about a token once for all who show it at the same time, and for some time after (upstream's token cache). Tokens are remembered by a keyed
 * hash, so that none is found in memory.
 */
export class TokenCache implements TokenAuthenticator {
  readonly #inner: TokenAuthenticator
  readonly #options: TokenCacheOptions
  readonly #known = new Lru<string, { readonly found: Found; readonly expires: number }>(MOST_TOKENS)
  readonly #asking = new Map<string, Promise<Found>>()
  #key: ReturnType<typeof makeKey> | undefined

  constructor(inner: TokenAuthenticator, options: TokenCacheOptions) {
    this.#inner = inner
    this.#options = options
  }

  async authenticateToken(
    token: string,
    audiences: readonly string[],
    { peer }: Sender = {},
  ): Promise<Authentication | undefined> {
    const { clock, metrics, slices } = this.#options
    const started = clock.monotonic()
    const name = await this.#nameOf(token, audiences)
    const known = this.#known.get(name)
    const isHit = known !== undefined && clock.monotonic() < known.expires
    if (!isHit && peer) await slices?.turn(peer.remote)
    const found = isHit ? known.found : await this.#shared(name, token, audiences)
    metrics?.requested(isHit ? 'hit' : 'miss', (clock.monotonic() - started) / 1000)
    if ('error' in found) throw found.error
    return found.authentication
  }

  async #shared(name: string, token: string, audiences: readonly string[]): Promise<Found> {
    const { metrics } = this.#options
    const unblocked = metrics?.began('blocked')
    try {
      const asked = this.#asking.get(name)
      if (asked) return await asked
      const asking = this.#ask(name, token, audiences).finally(() => this.#asking.delete(name))
      this.#asking.set(name, asking)
      return await asking
    } finally {
      unblocked?.()
    }
  }

  async #ask(name: string, token: string, audiences: readonly string[]): Promise<Found> {
    const { metrics, clock } = this.#options
    const fetched = metrics?.began('in_flight')
    const found = await this.#answer(token, audiences)
    fetched?.()
    metrics?.fetched('error' in found ? 'error' : 'ok')
    const ttlMs = this.#ttlOf(found)
    if (ttlMs > 0) this.#known.set(name, { found, expires: clock.monotonic() + ttlMs })
    return found
  }

  async #answer(token: string, audiences: readonly string[]): Promise<Found> {
    try {
      return { authentication: await this.#inner.authenticateToken(token, audiences) }
    } catch (error) {
      return { error }
    }
  }

  #ttlOf(found: Found): number {
    const { successTtlMs, failureTtlMs, keepErrors } = this.#options
    if ('error' in found) return keepErrors ? failureTtlMs : 0
    return found.authentication ? successTtlMs : failureTtlMs
  }

  async #nameOf(token: string, audiences: readonly string[]): Promise<string> {
    // Told apart by their lengths: no two lists of texts are written the same way.
    const text = [token, ...audiences].map((part) => `${part.length}:${part}`).join('')
    const mac = await crypto.subtle.sign('HMAC', await (this.#key ??= makeKey()), new TextEncoder().encode(text))
    return String.fromCharCode(...new Uint8Array(mac))
  }
}

const makeKey = () => crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
