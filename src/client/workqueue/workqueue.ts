import type { Clock, Timer } from '../../lib/clock.ts'
import { Heap } from '../../lib/heap.ts'
import { controllerRateLimiter, type RateLimiter } from './rate-limiter.ts'

/** Called as things happen, for upstream's workqueue_* metrics. Durations in ms. */
export interface WorkQueueMetrics {
  added?(depth: number): void
  started?(depth: number, waitedMs: number): void
  finished?(workedMs: number): void
  retried?(): void
}

export interface WorkQueueOptions {
  readonly clock: Clock
  readonly rateLimiter?: RateLimiter
  readonly metrics?: WorkQueueMetrics
}

interface Delayed {
  readonly key: string
  readonly dueMs: number
}

/**
 * Keys that need work. A key stands in line at most once; one that is being worked on is never handed out a second time, but
 * is in line again afterwards when it was added meanwhile.
 */
export class WorkQueue {
  readonly #clock: Clock
  readonly #limiter: RateLimiter
  readonly #metrics: WorkQueueMetrics
  /** In line, in order, with the time of adding. */
  readonly #waiting = new Map<string, number>()
  /** Being worked on, with the time of starting. */
  readonly #active = new Map<string, number>()
  /** Added while being worked on. */
  readonly #again = new Set<string>()
  readonly #getters: ((key: string | undefined) => void)[] = []
  readonly #delayed = new Heap<Delayed>((a, b) => a.dueMs < b.dueMs)
  /** The earliest time each delayed key is due; entries of the heap that say otherwise are void. */
  readonly #due = new Map<string, number>()
  #timer: { readonly timer: Timer; readonly dueMs: number } | undefined
  #closed = false

  constructor({ clock, rateLimiter, metrics = {} }: WorkQueueOptions) {
    this.#clock = clock
    this.#limiter = rateLimiter ?? controllerRateLimiter(clock)
    this.#metrics = metrics
  }

  /** How many keys stand in line. */
  get depth(): number {
    return this.#waiting.size
  }

  /** Whether no key is in line or being worked on. Delayed keys don't count. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#active.size === 0
  }

  add(key: string): void {
    if (this.#closed || this.#waiting.has(key)) return
    if (this.#active.has(key)) {
      if (!this.#again.has(key)) this.#again.add(key)
      return
    }
    this.#waiting.set(key, this.#clock.monotonic())
    this.#metrics.added?.(this.#waiting.size)
    this.#hand()
  }

  /** Adds `key` in `delayMs`. Of several delays the one that ends first counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return
    if (delayMs <= 0) return this.add(key)
    const dueMs = this.#clock.monotonic() + delayMs
    if ((this.#due.get(key) ?? Infinity) <= dueMs) return
    this.#due.set(key, dueMs)
    this.#delayed.push({ key, dueMs })
    this.#arm()
  }

  /** Adds `key` after its back-off. */
  addRateLimited(key: string): void {
    this.#metrics.retried?.()
    this.addAfter(key, this.#limiter.when(key))
  }

  /** `key` succeeded: its next back-off is the shortest again. */
  forget(key: string): void {
    this.#limiter.forget(key)
  }

  failures(key: string): number {
    return this.#limiter.failures(key)
  }

  /** The next key to work on; waits for one. Undefined when the queue is closed. Call `done` after the work. */
  get(): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve(undefined)
      this.#getters.push(resolve)
      this.#hand()
    })
  }

  done(key: string): void {
    const started = this.#active.get(key)
    if (started === undefined) return
    this.#active.delete(key)
    this.#metrics.finished?.(this.#clock.monotonic() - started)
    if (this.#again.delete(key)) this.add(key)
  }

  /** Lets nothing more in or out. */
  close(): void {
    this.#closed = true
    this.#timer?.timer.cancel()
    this.#waiting.clear()
    this.#again.clear()
    for (const resolve of this.#getters.splice(0)) resolve(undefined)
  }

  #hand(): void {
    while (this.#getters.length > 0 && this.#waiting.size > 0) {
      const [key, addedMs] = first(this.#waiting)
      const now = this.#clock.monotonic()
      this.#waiting.delete(key)
      this.#active.set(key, now)
      this.#metrics.started?.(this.#waiting.size, now - addedMs)
      this.#getters.shift()?.(key)
    }
  }

  #arm(): void {
    const next = this.#delayed.peek()
    if (!next || (this.#timer && this.#timer.dueMs <= next.dueMs)) return
    this.#timer?.timer.cancel()
    const fire = (): void => {
      this.#timer = undefined
      this.#release()
    }
    const delayMs = Math.max(0, next.dueMs - this.#clock.monotonic())
    this.#timer = { timer: this.#clock.setTimer(fire, delayMs), dueMs: next.dueMs }
  }

  #release(): void {
    const now = this.#clock.monotonic()
    for (let next = this.#delayed.peek(); next && next.dueMs <= now; next = this.#delayed.peek()) {
      this.#delayed.pop()
      if (this.#due.get(next.key) !== next.dueMs) continue
      this.#due.delete(next.key)
      this.add(next.key)
    }
    this.#arm()
  }
}

function first<K, V>(map: Map<K, V>): [K, V] {
  for (const entry of map) return entry
  throw new Error('empty map')
}
