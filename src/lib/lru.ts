/** A map that forgets what was least recently read or written once it holds more than `capacity` entries. */
export class Lru<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #capacity: number
  /** The key that was read or written last: reading it again changes nothing. */
  #newest: K | undefined

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined || key === this.#newest) return value
    this.#newest = key
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: K, value: V): void {
    this.#newest = key
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#capacity) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Least recently used first. Reading them this way does not count as use. */
  values(): Iterable<V> {
    return this.#entries.values()
  }
}
