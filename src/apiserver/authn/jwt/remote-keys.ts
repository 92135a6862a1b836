import type { JWK } from 'jose'
import { isJsonObject } from '../../../lib/json-value.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Fetch, FetchAnswer } from './fetch.ts'
import { type Jws, KeySet } from './jws.ts'

export interface RemoteKeysOptions {
  readonly url: string
  readonly fetch: Fetch
  readonly ca?: string | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told of each fetch that ended: what the issuer published, or undefined for a failure. */
  readonly onFetched?: (keySet: string | undefined) => void
}

/** So long before its keys end, an issuer is asked for new ones when a token names a key that nobody knows. */
const EXPIRY_DELTA_MS = 30_000

/**
 * The keys that an issuer publishes. They are fetched when a token comes that those at hand have not signed, and those at hand may be out of
 * date by what the issuer said when it was asked. Many tokens at once wait for one answer.
 */
export class RemoteKeys {
  readonly #options: RemoteKeysOptions
  #keys = new KeySet([])
  #expiresMs = 0
  #fetching: Promise<KeySet> | undefined

  constructor(options: RemoteKeysOptions) {
    this.#options = options
  }

  /** Rejects when none of the keys has signed the token, or they cannot be had. */
  async verify(jws: Jws): Promise<void> {
    if (await this.#keys.hasSigned(jws)) return
    if (this.#options.clock.now() + EXPIRY_DELTA_MS <= this.#expiresMs) throw unsigned()
    const fresh = await (this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined)))
    if (!(await fresh.hasSigned(jws))) throw unsigned()
  }

  async #fetch(): Promise<KeySet> {
    const { onFetched, clock } = this.#options
    try {
      const answer = await this.#get()
      const keys = new KeySet(keysOf(answer.body))
      this.#keys = keys
      this.#expiresMs = clock.now() + lifetimeMs(answer.headers)
      onFetched?.(answer.body)
      return keys
    } catch (error) {
      onFetched?.(undefined)
      throw new Error(`fetching keys ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }

  async #get(): Promise<FetchAnswer> {
    const { url, ca, fetch, signal } = this.#options
    const answer = await fetch({ url, ca, signal })
    if (answer.status === 200) return answer
    throw new Error(`oidc: get keys failed: ${answer.status} ${answer.statusText} ${answer.body.slice(0, 1024)}`)
  }
}

const unsigned = (): Error => new Error('failed to verify id token signature')

function keysOf(body: string): JWK[] {
  const set = parsed(body)
  const keys = isJsonObject(set) ? set['keys'] : undefined
  if (keys !== undefined && keys !== null && !Array.isArray(keys))
    throw new Error('oidc: failed to decode keys: no list')
  return (Array.isArray(keys) ? keys : []).filter(isJsonObject) as JWK[]
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new Error('oidc: failed to decode keys: no JSON', { cause: error })
  }
}

/** How long an answer may be kept (RFC 9111); not at all when it does not say. */
function lifetimeMs(headers: FetchAnswer['headers']): number {
  const control = headers['cache-control']?.toLowerCase() ?? ''
  if (/\b(no-store|no-cache|private)\b/.test(control)) return 0
  const seconds = /\bs-maxage\s*=\s*"?(\d+)/.exec(control)?.[1] ?? /\bmax-age\s*=\s*"?(\d+)/.exec(control)?.[1]
  if (seconds !== undefined) return Math.max(0, Number(seconds) - Number(headers['age'] ?? 0)) * 1000
  const [expires, date] = [headers['expires'], headers['date']].map((time) => Date.parse(time ?? ''))
  const left = (expires ?? NaN) - (date ?? NaN)
  return Number.isFinite(left) ? Math.max(0, left) : 0
}
