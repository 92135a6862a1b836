import type { Clock } from '../../lib/clock.ts'
import { checkWrite } from '../keys.ts'
import {
  StoreError,
  type Entry,
  type HistoryBudget,
  type Range,
  type RangeOptions,
  type ReadOptions,
  type Store,
  type StoreEvent,
  type WatchSink,
  type Write,
  type WriteResult,
} from '../store.ts'
import { WatchHub } from '../watch-hub.ts'
import { Expiry } from './expiry.ts'
import { Versions } from './versions.ts'

export interface MemoryStoreOptions {
  readonly clock: Clock
  /** 64 MiB and five minutes unless told. */
  readonly history?: HistoryBudget
}

const DEFAULT_HISTORY: HistoryBudget = { maxBytes: 64 * 2 ** 20, maxAgeMs: 300_000 }

/** A store for the life of the process. Reads answer at once, and a write is done when `write` returns its promise. */
export class MemoryStore implements Store {
  readonly #versions: Versions
  readonly #hub: WatchHub
  readonly #expiry: Expiry
  #closed = false

  constructor({ clock, history = DEFAULT_HISTORY }: MemoryStoreOptions) {
    const versions = new Versions(clock, history)
    this.#versions = versions
    this.#hub = new WatchHub(versions, (prefix, after) => versions.history(prefix, after), queueMicrotask)
    this.#expiry = new Expiry(clock, (key, revision) => void this.#commit({ key, value: null, expect: revision }))
  }

  get revision(): number {
    return this.#versions.revision
  }

  get compactRevision(): number {
    return this.#versions.compactRevision
  }

  latest(): number {
    this.#checkOpen()
    return this.#versions.revision
  }

  get(key: string, options?: ReadOptions): Entry | undefined {
    this.#checkOpen()
    return this.#versions.get(key, options)
  }

  range(prefix: string, options?: RangeOptions): Range {
    this.#checkOpen()
    return this.#versions.range(prefix, options)
  }

  count(prefix: string): number {
    this.#checkOpen()
    return this.#versions.count(prefix)
  }

  async write(write: Write): Promise<WriteResult> {
    this.#checkOpen()
    checkWrite(write)
    return this.#commit(write)
  }

  watch(prefix: string, after: number, sink: WatchSink): () => void {
    this.#checkOpen()
    return this.#hub.watch(prefix, after, sink)
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen()
    this.#versions.compact(revision)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#hub.close()
    this.#expiry.close()
  }

  #commit({ key, value, expect, ttlMs }: Write): WriteResult {
    const current = this.#versions.current(key)
    if (expect !== undefined && expect !== (current?.modRevision ?? 0)) return { ok: false, current }
    if (!value && !current) return { ok: false, current }
    const revision = this.#versions.revision + 1
    const entry = value
      ? { key, value, createRevision: current?.createRevision ?? revision, modRevision: revision }
      : undefined
    const event: StoreEvent = { type: entry ? 'put' : 'delete', key, revision, entry, previous: current }
    this.#versions.add(event)
    if (ttlMs !== undefined && entry) this.#expiry.add(key, revision, ttlMs)
    this.#hub.publish([event])
    return { ok: true, revision, previous: current }
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError('the store is closed')
  }
}
