/** The requests that are being answered, but for those that go on as long as they like. */
export class UnderWay {
  readonly #all = new Set<object>()
  #drained: (() => void) | undefined

  add(request: object): void {
    this.#all.add(request)
  }

  /** It was answered, or goes on as long as it likes. */
  delete(request: object): void {
    this.#all.delete(request)
    if (this.#all.size === 0) this.#drained?.()
  }

  /** Resolves when none is left. */
  drained(): Promise<void> {
    if (this.#all.size === 0) return Promise.resolve()
    return new Promise((resolve) => (this.#drained = resolve))
  }
}
