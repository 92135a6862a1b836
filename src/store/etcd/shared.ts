/**
 * Work whose result serves everyone who asked before it began: while one run is under way, those who come share the next.
 */
export class Shared<T> {
  readonly #run: () => Promise<T>
  #running: Promise<T> | undefined
  #next: Promise<T> | undefined

  constructor(run: () => Promise<T>) {
    this.#run = run
  }

  /** The result of a run that begins after this call. */
  get(): Promise<T> {
    if (!this.#running) return this.#begin()
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    )
    return this.#next
  }

  #begin(): Promise<T> {
    this.#next = undefined
    const running = this.#run()
    this.#running = running
    const over = (): void => {
      if (this.#running === running) this.#running = undefined
    }
    running.then(over, over)
    return running
  }
}
