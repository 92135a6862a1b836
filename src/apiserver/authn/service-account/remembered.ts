import { Lru } from '../../../lib/lru.ts'
import type { Entry, MaybePromise, Store } from '../../../store/store.ts'
import type { Authentication } from '../types.ts'
import type { Use } from './use.ts'

/** What a token's answer rests on, as it was found in the store. */
export interface Evidence {
  readonly key: string
  /** 0: it is not there. */
  readonly modRevision: number
}

/** An answer, and what each use of it is told with. */
export interface Known {
  readonly authentication: Authentication
  readonly evidence: readonly Evidence[]
  readonly uses: readonly Use[]
  /** For whom it was asked. */
  readonly audiences: readonly string[]
  /** Seconds since the epoch. */
  readonly expires: number
  /** The newest revision at which the evidence was seen to be the same. */
  revision: number
}

/** Tokens that are kept; a client's next request then costs neither signature nor parsing. */
const KEPT_TOKENS = 2048

/**
 * The answers for tokens, kept for as long as what they rest on stays as it was: that is asked of the store for each request once
 * anything has been written, so that a token ends with its account.
 */
export class RememberedTokens {
  readonly #store: Store
  readonly #known = new Lru<string, Known>(KEPT_TOKENS)

  constructor(store: Store) {
    this.#store = store
  }

  /** `expires` is in seconds since the epoch; `revision` is the store's from before the evidence was read. */
  keep(token: string, known: Omit<Known, never>): void {
    this.#known.set(token, known)
  }

  /** The answer that still holds; undefined when there is none. */
  find(token: string, audiences: readonly string[], nowSeconds: number): MaybePromise<Known | undefined> {
    const known = this.#known.get(token)
    if (known?.audiences !== audiences) return undefined
    if (nowSeconds > known.expires) return this.#forget(token)
    const { revision } = this.#store
    if (revision === known.revision) return known
    const entries = known.evidence.map(({ key }) => this.#store.get(key))
    const settle = (found: readonly (Entry | undefined)[]): Known | undefined => {
      if (!found.every((entry, i) => (entry?.modRevision ?? 0) === known.evidence[i]?.modRevision))
        return this.#forget(token)
      known.revision = revision
      return known
    }
    return entries.some((entry) => entry instanceof Promise)
      ? Promise.all(entries.map(async (entry) => entry)).then(settle)
      : settle(entries as (Entry | undefined)[])
  }

  #forget(token: string): undefined {
    this.#known.delete(token)
  }
}
