import { PrefixIndex } from './prefix-index.ts'
import type { StoreEvent } from './store.ts'

interface Counter {
  readonly prefix: string
  count: number
}

const REMEMBERED = 500

/** How many keys lie below the prefixes that somebody asked about: counted once, and then kept up to date. */
export class Counts {
  readonly #counters = new Map<string, Counter>()
  readonly #index = new PrefixIndex<Counter>()

  get(prefix: string): number | undefined {
    return this.#counters.get(prefix)?.count
  }

  /** Remembers what was counted at the revision of the last `follow`. */
  set(prefix: string, count: number): void {
    const [oldest] = this.#counters.values()
    if (oldest && this.#counters.size >= REMEMBERED) this.#forget(oldest)
    const counter: Counter = { prefix, count }
    this.#counters.set(prefix, counter)
    this.#index.add(prefix, counter)
  }

  /** Takes in the events of one commit. */
  follow(events: readonly StoreEvent[]): void {
    if (this.#counters.size === 0) return
    for (const { key, entry, previous } of events) {
      const change = Number(entry !== undefined) - Number(previous !== undefined)
      if (change === 0) continue
      for (const counters of this.#index.of(key)) for (const counter of counters) counter.count += change
    }
  }

  #forget(counter: Counter): void {
    this.#index.delete(counter.prefix, counter)
    this.#counters.delete(counter.prefix)
  }
}
