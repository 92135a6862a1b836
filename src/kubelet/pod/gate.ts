/** Lets so many through at a time; the others wait in order. */
export class Gate {
  readonly #places: number
  readonly #waiting: (() => void)[] = []
  #inside = 0

  constructor(places: number) {
    this.#places = places
  }

  /** Runs `work` when there is a place. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#places) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#inside++
    try {
      return await work()
    } finally {
      // The place is handed on, or given up.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#inside--
    }
  }
}
