import { Histogram, type Series } from './metrics.ts'

const NANOSECONDS_IN_MS = 1e6

/**
 * What part of a whole something was, counted once for each nanosecond: which part of the time it was how much. Times are in milliseconds of
 * a monotonic clock.
 */
export class TimingHistogram implements Series {
  readonly #histogram: Histogram
  readonly #now: () => number
  #value = 0
  #whole = 1
  #sinceMs: number

  constructor(bounds: readonly number[], now: () => number) {
    this.#histogram = new Histogram(bounds)
    this.#now = now
    this.#sinceMs = now()
  }

  set(value: number, nowMs: number): void {
    if (value === this.#value) return
    this.#count(nowMs)
    this.#value = value
  }

  /** What all of it would be. */
  setWhole(whole: number, nowMs: number): void {
    if (whole === this.#whole) return
    this.#count(nowMs)
    this.#whole = whole
  }

  lines(name: string, labels: string): string[] {
    this.#count(this.#now())
    return this.#histogram.lines(name, labels)
  }

  #count(nowMs: number): void {
    const nanoseconds = Math.round((nowMs - this.#sinceMs) * NANOSECONDS_IN_MS)
    if (nanoseconds <= 0) return
    this.#sinceMs = nowMs
    this.#histogram.observe(this.#value / this.#whole, nanoseconds)
  }
}
