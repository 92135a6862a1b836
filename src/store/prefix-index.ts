/** Items by the prefix of the keys that concern them, so that a key finds them without asking each. */
export class PrefixIndex<T> {
  readonly #byPrefix = new Map<string, Set<T>>()
  /** The prefixes of #byPrefix that a key cannot name by its own slashes. */
  readonly #others = new Set<string>()

  add(prefix: string, item: T): void {
    const items = this.#byPrefix.get(prefix)
    if (items) return void items.add(item)
    this.#byPrefix.set(prefix, new Set([item]))
    if (!prefix.endsWith('/')) this.#others.add(prefix)
  }

  delete(prefix: string, item: T): void {
    const items = this.#byPrefix.get(prefix)
    items?.delete(item)
    if (items?.size !== 0) return
    this.#byPrefix.delete(prefix)
    this.#others.delete(prefix)
  }

  /** The items whose prefix `key` starts with, in groups of the same prefix. */
  *of(key: string): Generator<ReadonlySet<T>, undefined> {
    if (this.#byPrefix.size === 0) return
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const items = this.#byPrefix.get(key.slice(0, slash + 1))
      if (items) yield items
    }
    for (const prefix of this.#others) {
      const items = key.startsWith(prefix) && this.#byPrefix.get(prefix)
      if (items) yield items
    }
  }
}
