import type { Clock } from '../../lib/clock.ts'
import { andThen } from '../../lib/and-then.ts'
import type { MaybePromise, Store } from '../../store/store.ts'
import { collectionPrefix } from '../registry/served.ts'
import type { RequestInfo } from '../request/info.ts'
import type { ResourceTable } from '../resource-table.ts'
import type { ResourceStats } from './work.ts'

/** Upstream looks every minute. */
const KEPT_MS = 60_000
/** Objects whose sizes stand for all. */
const SAMPLE = 20

interface Kept {
  readonly atMs: number
  stats: ResourceStats | undefined
}

/** How much of each resource is stored: looked at when it is asked for, and then known for a minute. */
export class StoredStats {
  readonly #resources: ResourceTable
  readonly #store: Store
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()

  constructor(resources: ResourceTable, store: Store, clock: Clock) {
    this.#resources = resources
    this.#store = store
    this.#clock = clock
  }

  /** Undefined when it is not served from a store, or not known yet. */
  of({ group, version, resource }: RequestInfo): ResourceStats | undefined {
    const served = this.#resources.find(group, version, resource)
    if (!served) return undefined
    const prefix = collectionPrefix(served.definition, '')
    const now = this.#clock.monotonic()
    const known = this.#kept.get(prefix)
    if (known && now - known.atMs < KEPT_MS) return known.stats
    const kept: Kept = { atMs: now, stats: known?.stats }
    this.#kept.set(prefix, kept)
    try {
      const found = andThen(this.#read(served.store ?? this.#store, prefix), (stats) => void (kept.stats = stats))
      // A store that cannot be read is told of by the request itself.
      if (found instanceof Promise) found.catch(() => this.#kept.delete(prefix))
    } catch {
      this.#kept.delete(prefix)
    }
    return kept.stats
  }

  #read(store: Store, prefix: string): MaybePromise<ResourceStats> {
    return andThen(store.count(prefix), (count) => {
      if (count === 0) return { count, averageBytes: 0 }
      return andThen(store.range(prefix, { limit: SAMPLE, stale: true }), ({ entries }) => {
        const bytes = entries.reduce((sum, { value }) => sum + value.length, 0)
        return { count, averageBytes: entries.length === 0 ? 0 : Math.ceil(bytes / entries.length) }
      })
    })
  }
}
