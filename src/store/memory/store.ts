import type { Clock } from '../../lib/clock.ts'
import { checkWrite, compareKeys } from '../keys.ts'
import {
  CompactedError,
  FIRST_REVISION,
  FutureRevisionError,
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
import { WatchHub, type Stretch } from '../watch-hub.ts'
import { ChangeLog, type Change } from './change-log.ts'
import { Expiry } from './expiry.ts'
import { SortedKeys } from './sorted-keys.ts'

export interface MemoryStoreOptions {
  readonly clock: Clock
  /** 64 MiB and five minutes unless told. */
  readonly history?: HistoryBudget
}

const DEFAULT_HISTORY: HistoryBudget = { maxBytes: 64 * 2 ** 20, maxAgeMs: 300_000 }
const CATCH_UP_EVENTS = 500

/** A store for the life of the process. Reads answer at once, and a write is done when `write` returns its promise. */
export class MemoryStore implements Store {
  readonly #clock: Clock
  readonly #log: ChangeLog
  /** The newest change of each key, its delete included until that is compacted. */
  readonly #latest = new Map<string, Change>()
  /** The keys of #latest. */
  readonly #keys = new SortedKeys()
  readonly #hub: WatchHub
  readonly #expiry: Expiry
  #revision = FIRST_REVISION
  #compactRevision = 0
  #closed = false

  constructor({ clock, history = DEFAULT_HISTORY }: MemoryStoreOptions) {
    this.#clock = clock
    this.#log = new ChangeLog(history, (change) => this.#forget(change))
    this.#hub = new WatchHub(this, (prefix, after) => this.#readHistory(prefix, after), queueMicrotask)
    this.#expiry = new Expiry(clock, (key, revision) => void this.#commit({ key, value: null, expect: revision }))
  }

  get revision(): number {
    return this.#revision
  }

  get compactRevision(): number {
    return this.#compactRevision
  }

  get(key: string, options?: ReadOptions): Entry | undefined {
    return this.#entryAt(key, this.#readRevision(options))
  }

  range(prefix: string, options: RangeOptions = {}): Range {
    const revision = this.#readRevision(options)
    const { start = prefix, limit = Infinity, countRemaining } = options
    const entries: Entry[] = []
    let remaining = 0
    for (const key of this.#keys.below(prefix, compareKeys(start, prefix) > 0 ? start : prefix)) {
      const entry = this.#entryAt(key, revision)
      if (!entry) continue
      if (entries.length < limit) entries.push(entry)
      else if (++remaining && !countRemaining) break
    }
    return { entries, more: remaining > 0, ...(countRemaining && { remaining }), revision }
  }

  count(prefix: string): number {
    this.#checkOpen()
    let count = 0
    for (const key of this.#keys.below(prefix, prefix)) if (this.#latest.get(key)?.event.entry) count++
    return count
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
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision)
    this.#log.dropThrough(revision)
    this.#compactRevision = Math.max(this.#compactRevision, revision)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#hub.close()
    this.#expiry.close()
  }

  #commit({ key, value, expect, ttlMs }: Write): WriteResult {
    const prior = this.#latest.get(key)
    const current = prior?.event.entry
    if (expect !== undefined && expect !== (current?.modRevision ?? 0)) return { ok: false, current }
    if (!value && !current) return { ok: false, current }
    const revision = ++this.#revision
    const entry = value
      ? { key, value, createRevision: current?.createRevision ?? revision, modRevision: revision }
      : undefined
    const event: StoreEvent = { type: entry ? 'put' : 'delete', key, revision, entry, previous: current }
    const change: Change = { event, priorRevision: prior?.event.revision ?? 0, atMs: this.#clock.monotonic() }
    this.#latest.set(key, change)
    if (!prior) this.#keys.add(key)
    this.#log.append(change)
    if (ttlMs !== undefined && entry) this.#expiry.add(key, revision, ttlMs)
    this.#hub.publish([event])
    return { ok: true, revision, previous: current }
  }

  /** Walks back through the key's changes. What leads back past the kept history is that key's `previous`. */
  #entryAt(key: string, revision: number): Entry | undefined {
    let change = this.#latest.get(key)
    while (change && change.event.revision > revision) {
      const prior = this.#log.get(change.priorRevision)
      if (!prior) return change.event.previous
      change = prior
    }
    return change?.event.entry
  }

  #readHistory(prefix: string, after: number): Stretch {
    const events = this.#log.after(after, CATCH_UP_EVENTS).map((change) => change.event)
    return {
      events: events.filter((event) => event.key.startsWith(prefix)),
      through: events.at(-1)?.revision ?? this.#revision,
    }
  }

  /** A change leaves the history. A key whose newest change was a delete leaves with it. */
  #forget(change: Change): void {
    const { key, revision, entry } = change.event
    this.#compactRevision = revision
    if (entry || this.#latest.get(key) !== change) return
    this.#latest.delete(key)
    this.#keys.delete(key)
  }

  #readRevision({ revision = this.#revision }: ReadOptions = {}): number {
    this.#checkOpen()
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision)
    if (revision < this.#compactRevision) throw new CompactedError(this.#compactRevision)
    return revision
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError('the store is closed')
  }
}
