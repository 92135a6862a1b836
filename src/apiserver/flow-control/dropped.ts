const MOST_SECONDS = 32

interface Second {
  readonly at: number
  readonly dropped: number
}

/**
 * After how many seconds those who are turned away may come again: twice as many while many are turned away, one less when few are.
 * Follows upstream's droppedRequestsTracker.
 */
export class RetryAfter {
  #seconds = 1
  #raisedAt = 0
  #current = 0
  #count = 0
  #history: Second[] = []

  /** Notes one turned away; after how many seconds it may come again. */
  dropped(nowMs: number): number {
    const now = Math.floor(nowMs / 1000)
    if (this.#current === now) {
      this.#count++
      return this.#seconds
    }
    const oldest = now - Math.min(2 * this.#seconds, MOST_SECONDS)
    this.#history = [...this.#history, { at: this.#current, dropped: this.#count }].filter(({ at }) => at >= oldest)
    this.#current = now
    this.#count = 1
    this.#update(now)
    return this.#seconds
  }

  #update(now: number): void {
    const seconds = this.#seconds
    const dropped = this.#history.reduce(
      (sum, { at, dropped: n }) => (now - at <= seconds && at < now ? sum + n : sum),
      0,
    )
    if (now - this.#raisedAt >= seconds && dropped >= 3 * seconds) {
      this.#seconds = Math.min(seconds * 2, MOST_SECONDS)
      this.#raisedAt = now
    } else if (dropped < seconds && seconds > 1) this.#seconds--
  }
}
