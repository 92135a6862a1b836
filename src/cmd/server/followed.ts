/** A text that changes now and then, and whoever wants to know. */
export class Followed {
  readonly #read: () => string
  readonly #followers = new Set<(text: string) => void>()
  #known: string

  constructor(read: () => string) {
    this.#read = read
    this.#known = read()
  }

  /** Calls `changed` with the text, and with each new one until the signal aborts. */
  follow(changed: (text: string) => void, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#followers.add(changed)
    changed(this.#known)
    signal.addEventListener('abort', () => this.#followers.delete(changed), { once: true })
  }

  /** Tells of the text when it is another one than before. */
  look(): void {
    const now = this.#read()
    if (now === this.#known) return
    this.#known = now
    for (const changed of this.#followers) changed(now)
  }
}
