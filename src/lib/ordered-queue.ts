/** Does one thing after another; at once when nothing is under way. Work must not fail. */
export class OrderedQueue {
  #tail: Promise<void> | undefined
  #ended = false

  get isEmpty(): boolean {
    return this.#tail === undefined
  }

  /** Nothing that was not begun will be. */
  get ended(): boolean {
    return this.#ended
  }

  add(work: () => void | Promise<void>): void {
    if (this.#ended) return
    if (!this.#tail) {
      const result = work()
      if (result instanceof Promise) this.#follow(result)
      return
    }
    this.#follow(this.#tail.then(() => (this.#ended ? undefined : work())))
  }

  end(): void {
    this.#ended = true
  }

  #follow(work: Promise<void>): void {
    const tail = work.finally(() => {
      if (this.#tail === tail) this.#tail = undefined
    })
    this.#tail = tail
  }
}
