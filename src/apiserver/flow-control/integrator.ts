/** What a number was over some time. */
export interface Observed {
  readonly seconds: number
  readonly average: number
  /** Standard deviation. */
  readonly deviation: number
  readonly max: number
}

/** Integrates a number over time: how many seats were wanted. Times are in milliseconds of a monotonic clock. */
export class Integrator {
  #x = 0
  #max = 0
  #lastMs: number
  #seconds = 0
  #sum = 0
  #squares = 0

  constructor(nowMs: number) {
    this.#lastMs = nowMs
  }

  set(x: number, nowMs: number): void {
    this.#advance(nowMs)
    this.#x = x
    if (x > this.#max) this.#max = x
  }

  /** What it was since the last call. */
  reset(nowMs: number): Observed {
    this.#advance(nowMs)
    const seconds = this.#seconds
    const average = seconds > 0 ? this.#sum / seconds : 0
    const variance = seconds > 0 ? this.#squares / seconds - average * average : 0
    const observed = { seconds, average, deviation: variance > 0 ? Math.sqrt(variance) : 0, max: this.#max }
    this.#seconds = this.#sum = this.#squares = 0
    this.#max = this.#x
    return observed
  }

  #advance(nowMs: number): void {
    const seconds = (nowMs - this.#lastMs) / 1000
    if (seconds <= 0) return
    this.#lastMs = nowMs
    this.#seconds += seconds
    this.#sum += this.#x * seconds
    this.#squares += this.#x * this.#x * seconds
  }
}
