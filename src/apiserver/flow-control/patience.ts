import type { Clock } from '../../lib/clock.ts'

/** A request that waits in a queue. */
export interface Waiting {
  /** Aborted when its client has gone. */
  readonly signal: AbortSignal
  /** How long it may wait. */
  readonly limitMs: number
  /** It waits no longer: its time is over, or its client has gone. */
  leave(): void
}

/** Where the thread is short, nearly all wait for less than this; whoever waits longer gets a timer of its own and is told of its client. */
const MOMENT_MS = 50

/** How long requests wait. What that takes for each is made for those alone that wait for more than a moment. */
export class Patience {
  readonly #clock: Clock
  readonly #fresh = new Set<Waiting>()
  readonly #ends = new Map<Waiting, () => void>()
  #armed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(waiting: Waiting): void {
    if (waiting.limitMs <= MOMENT_MS) return this.#follow(waiting, waiting.limitMs)
    this.#fresh.add(waiting)
    if (this.#armed) return
    this.#armed = true
    this.#clock.setTimer(() => this.#followAll(), MOMENT_MS)
  }

  /** It waits no longer. */
  delete(waiting: Waiting): void {
    if (this.#fresh.delete(waiting)) return
    this.#ends.get(waiting)?.()
    this.#ends.delete(waiting)
  }

  #followAll(): void {
    this.#armed = false
    const all = [...this.#fresh]
    this.#fresh.clear()
    for (const waiting of all) this.#follow(waiting, waiting.limitMs - MOMENT_MS)
  }

  #follow(waiting: Waiting, limitMs: number): void {
    const { signal } = waiting
    if (signal.aborted) return waiting.leave()
    const leave = (): void => waiting.leave()
    const timer = this.#clock.setTimer(leave, limitMs)
    signal.addEventListener('abort', leave, { once: true })
    this.#ends.set(waiting, () => {
      timer.cancel()
      signal.removeEventListener('abort', leave)
    })
  }
}
