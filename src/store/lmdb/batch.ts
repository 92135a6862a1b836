import { Buffer } from 'node:buffer'
import type { StoreEvent, Write, WriteResult } from '../store.ts'
import { encodeRecord, encodeState, historyBytesOf, recordBytesAtMost, type StoreState } from './format.ts'
import type { Reader, Version } from './reader.ts'
import type { Change, Sweep } from './sweep.ts'
import { STATE, type Tables } from './tables.ts'

const APPEND = { append: true }

/**
 * What the next commit is made of: the outcome of writes, and the changes to the tables that make it so. Nothing
 * reaches LMDB before `commit`.
 */
export class Batch {
  readonly events: StoreEvent[] = []
  readonly #tables: Tables
  readonly #reader: Reader
  readonly #nowMs: number
  /** The versions that this batch leaves behind, of the keys that it changes. */
  readonly #versions = new Map<string, Version>()
  readonly #changes: Change[]
  readonly #appends: Change[] = []
  /** The new records, one after another. */
  readonly #arena: Buffer
  #arenaUsed = 0
  #state: StoreState
  #earliestDueMs = Infinity

  /** Starts from a sweep's removals, which must come first. Room is made for the records of `writes`. */
  constructor(tables: Tables, reader: Reader, { changes, state }: Sweep, writes: readonly Write[], nowMs: number) {
    this.#tables = tables
    this.#reader = reader
    this.#changes = [...changes]
    this.#state = state
    this.#nowMs = nowMs
    const bytes = writes.reduce((sum, { key, value }) => sum + recordBytesAtMost(key, value), 0)
    this.#arena = Buffer.allocUnsafeSlow(bytes)
  }

  /** The counters as the commit will leave them. */
  get state(): StoreState {
    return this.#state
  }

  /** When the first of the entries put here deletes itself. */
  get earliestDueMs(): number {
    return this.#earliestDueMs
  }

  /** Decides one write, after those before it in this batch. */
  write(write: Write): WriteResult {
    const { key, value, expect, ttlMs } = write
    const before = this.#versions.get(key) ?? this.#reader.newest(key)
    const current = before.entry
    if (expect !== undefined && expect !== (current?.modRevision ?? 0)) return { ok: false, current }
    if (!value && !current) return { ok: false, current }
    const revision = this.#state.revision + 1
    const createRevision = current?.createRevision ?? revision
    const entry = value ? { key, value, createRevision, modRevision: revision } : undefined
    const dueMs = entry && ttlMs !== undefined ? this.#nowMs + Math.ceil(ttlMs) : 0
    const after: Version = { revision, dueMs, entry }
    this.#append(write, before, after)
    this.#point(key, before, after)
    this.#versions.set(key, after)
    this.events.push({ type: entry ? 'put' : 'delete', key, revision, entry, previous: current })
    return { ok: true, revision, previous: current }
  }

  /** Resolves when everything is durable. When it rejects, nothing was changed, or LMDB has given itself up. */
  commit(): Promise<void> {
    return this.#tables.commit(() => [
      ...this.#changes.map((change) => change()),
      ...this.#appends.map((append) => append()),
      this.#tables.meta.put(STATE, encodeState(this.#state)),
    ])
  }

  /** The record, and the counters. */
  #append({ key, value }: Write, before: Version, { revision, dueMs, entry }: Version): void {
    const createRevision = (entry ?? before.entry)?.createRevision ?? revision
    const head = { createRevision, priorRevision: before.revision, timeMs: this.#nowMs, dueMs }
    const rest = this.#arena.subarray(this.#arenaUsed)
    const record = rest.subarray(0, encodeRecord(rest, key, value, head))
    this.#arenaUsed += record.length
    this.#appends.push(() => this.#tables.log.put(revision, record, APPEND))
    const historyBytes = this.#state.historyBytes + historyBytesOf(record.length)
    this.#state = { ...this.#state, revision, historyBytes }
  }

  /** What finds the record: by key, and by the time at which it deletes itself. */
  #point(key: string, before: Version, { revision, dueMs, entry }: Version): void {
    const { index, graves, expiry } = this.#tables
    if (before.dueMs > 0) this.#changes.push(() => expiry.remove({ dueMs: before.dueMs, revision: before.revision }))
    if (dueMs > 0) {
      this.#changes.push(() => expiry.put({ dueMs, revision }, key))
      this.#earliestDueMs = Math.min(this.#earliestDueMs, dueMs)
    }
    if (entry) {
      this.#changes.push(() => index.put(key, revision))
      if (!before.entry && before.revision > 0) this.#changes.push(() => graves.remove(key))
    } else {
      this.#changes.push(() => index.remove(key))
      this.#changes.push(() => graves.put(key, revision))
    }
  }
}
