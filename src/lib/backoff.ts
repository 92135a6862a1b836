import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

export interface BackoffOptions {
  readonly firstMs: number
  readonly maxMs: number
  readonly factor: number
  /** Each delay is stretched by up to this share of itself, so that many do not return at the same moment. */
  readonly jitter: number
  /** Starts over when this long has passed since the last delay was asked for. */
  readonly resetAfterMs: number
}

/** Growing delays between the attempts of one activity. */
export class Backoff {
  readonly #options: BackoffOptions
  readonly #clock: Clock
  readonly #random: Random
  #nextMs: number
  #lastAsked: number | undefined

  constructor(options: BackoffOptions, env: { readonly clock: Clock; readonly random: Random }) {
    this.#options = options
    this.#clock = env.clock
    this.#random = env.random
    this.#nextMs = options.firstMs
  }

  /** How long to wait before the next attempt. */
  next(): number {
    const { firstMs, maxMs, factor, jitter, resetAfterMs } = this.#options
    const now = this.#clock.monotonic()
    if (this.#lastAsked !== undefined && now - this.#lastAsked > resetAfterMs) this.#nextMs = firstMs
    this.#lastAsked = now
    const base = this.#nextMs
    this.#nextMs = Math.min(maxMs, base * factor)
    return base * (1 + jitter * this.#random.next())
  }
}
