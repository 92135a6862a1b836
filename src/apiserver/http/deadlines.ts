import type { Clock } from '../../lib/clock.ts'

interface Wait {
  readonly dueMs: number
  readonly late: () => void
}

/** Ends what takes longer than all of its kind may: late by up to a quarter, and one timer for all, because nearly nothing is late. */
export class Deadlines {
  readonly #clock: Clock
  /** How long each may take. */
  readonly ms: number
  /** In the order they are due. */
  readonly #waits = new Set<Wait>()
  #armed = false

  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.ms = ms
  }

  /** Calls `late` once, unless what this returns is called before. */
  add(late: () => void): () => void {
    const wait = { dueMs: this.#clock.monotonic() + this.ms, late }
    this.#waits.add(wait)
    this.#arm()
    return () => void this.#waits.delete(wait)
  }

  #arm(): void {
    if (this.#armed) return
    this.#armed = true
    this.#clock.setTimer(() => this.#sweep(), this.ms / 4)
  }

  #sweep(): void {
    this.#armed = false
    const now = this.#clock.monotonic()
    for (const wait of this.#waits) {
      if (wait.dueMs > now) break
      this.#waits.delete(wait)
      wait.late()
    }
    if (this.#waits.size > 0) this.#arm()
  }
}
