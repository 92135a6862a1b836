import type { Clock, Timer } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import type { Due } from './format.ts'
import type { Tables } from './tables.ts'

export interface ExpiryOptions {
  readonly tables: Tables
  readonly clock: Clock
  readonly log: Logger
  /** Deletes `key` if `revision` is still what last changed it. */
  readonly expire: (key: string, revision: number) => Promise<unknown>
}

const BATCH = 500
const RETRY_MS = 5000

/** Deletes keys when their time to live is over: the table is in order of time, and one timer waits for its first. */
export class Expiry {
  readonly #options: ExpiryOptions
  #timer: Timer | undefined
  #timerMs = Infinity
  #closed = false

  constructor(options: ExpiryOptions) {
    this.#options = options
  }

  /** Waits for what the table holds already. */
  start(): void {
    const [first] = this.#options.tables.expiry.getKeys({ start: EARLIEST, limit: 1 })
    if (first) this.expect(first.dueMs)
  }

  /** Says that the table has got an entry for `dueMs`. */
  expect(dueMs: number): void {
    if (dueMs >= this.#timerMs || this.#closed) return
    this.#timer?.cancel()
    this.#timerMs = dueMs
    this.#timer = this.#options.clock.setTimer(() => void this.#fire(), Math.max(0, dueMs - this.#options.clock.now()))
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  async #fire(): Promise<void> {
    const { tables, clock, log, expire } = this.#options
    this.#timerMs = Infinity
    const end: Due = { dueMs: Math.floor(clock.now()) + 1, revision: 0 }
    try {
      const due = Array.from(tables.expiry.getRange({ start: EARLIEST, end, limit: BATCH }))
      await Promise.all(due.map(({ key: { revision }, value: key }) => expire(key, revision)))
      if (!this.#closed) this.start()
    } catch (err) {
      log.error('cannot delete what has expired; trying again', { err, retryMs: RETRY_MS })
      this.expect(clock.now() + RETRY_MS)
    }
  }
}

const EARLIEST: Due = { dueMs: 0, revision: 0 }
