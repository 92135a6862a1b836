import type { Clock } from '../lib/clock.ts'

interface Entry {
  delayMs: number
  /** When it was last made to wait longer. */
  sinceMs: number
}

/**
 * Waiting times that double by key, and start over when a key has been quiet for twice the longest wait (client-go's
 * flowcontrol.Backoff). Times are wall-clock, because they are compared with when containers ended.
 */
export class Backoff {
  readonly #clock: Clock
  readonly #firstMs: number
  readonly #mostMs: number
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock, firstMs: number, mostMs: number) {
    this.#clock = clock
    this.#firstMs = firstMs
    this.#mostMs = mostMs
  }

  /** The wait that holds for a key; 0 before the first. */
  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0
  }

  /** When what failed at `eventMs` may be tried again, if that is still to come. */
  waitUntil(key: string, eventMs: number): number | undefined {
    const entry = this.#entries.get(key)
    if (!entry || this.#expired(entry, eventMs)) return undefined
    const due = eventMs + entry.delayMs
    return due > this.#clock.now() ? due : undefined
  }

  /** As waitUntil, from when the wait last grew. */
  waiting(key: string): number | undefined {
    const entry = this.#entries.get(key)
    if (!entry || this.#expired(entry, this.#clock.now())) return undefined
    const due = entry.sinceMs + entry.delayMs
    return due > this.#clock.now() ? due : undefined
  }

  /** Makes the wait longer. */
  next(key: string, eventMs: number): void {
    const entry = this.#entries.get(key)
    const delayMs = !entry || this.#expired(entry, eventMs) ? this.#firstMs : Math.min(entry.delayMs * 2, this.#mostMs)
    this.#entries.set(key, { delayMs, sinceMs: this.#clock.now() })
  }

  /** Forgets the keys that begin so. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key)
  }

  #expired(entry: Entry, eventMs: number): boolean {
    return eventMs - entry.sinceMs > this.#mostMs * 2
  }
}
