/** Bytes that may be in memory at a time. One of any size always may, so that nothing is refused for ever. */
export class ByteBudget {
  readonly #most: number
  #taken = 0

  constructor(most: number) {
    this.#most = most
  }

  /** False when there is no room: nothing is taken then. */
  take(bytes: number): boolean {
    if (this.#taken > 0 && this.#taken + bytes > this.#most) return false
    this.#taken += bytes
    return true
  }

  give(bytes: number): void {
    this.#taken -= bytes
  }

  get taken(): number {
    return this.#taken
  }
}
