import type { StoreEvent, Write, WriteResult } from '../store.ts'
import { Arena } from './arena.ts'
import { encodeEvent, encodeState, entryOf, historyBytesOf, type Stored, type StoreState } from './format.ts'
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
  readonly #arena = new Arena()
  #state: StoreState
  #earliestDueMs = Infinity

  /** Starts from a sweep's removals, which must come first. */
  constructor(tables: Tables, reader: Reader, { changes, state }: Sweep, nowMs: number) {
    this.#tables = tables
    this.#reader = reader
    this.#changes = [...changes]
    this.#state = state
    this.#nowMs = nowMs
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
  write({ key, value, expect, ttlMs }: Write): WriteResult {
    const before = this.#versions.get(key) ?? this.#reader.newest(key)
    const current = before.stored && entryOf(key, before.stored)
    if (expect !== undefined && expect !== (current?.modRevision ?? 0)) return { ok: false, current }
    if (!value && !current) return { ok: false, current }
    const revision = this.#state.revision + 1
    const createRevision = current?.createRevision ?? revision
    const dueMs = ttlMs === undefined ? 0 : this.#nowMs + Math.ceil(ttlMs)
    const stored = value ? { createRevision, modRevision: revision, dueMs, value } : undefined
    const bytes = this.#append(key, revision, before, stored)
    const after: Version = { revision, stored, bytes }
    this.#replace(key, before, after)
    this.#setDue(key, before, after)
    this.#versions.set(key, after)
    const entry = stored && entryOf(key, stored)
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

  /** Logs the event, and counts it. Returns the encoded entry. */
  #append(key: string, revision: number, before: Version, stored: Stored | undefined): Uint8Array | undefined {
    const head = { priorRevision: before.revision, timeMs: this.#nowMs }
    const { bytes, entry } = encodeEvent((length) => this.#arena.take(length), key, head, stored, before.bytes)
    this.#appends.push(() => this.#tables.log.put(revision, bytes, APPEND))
    const historyBytes = this.#state.historyBytes + historyBytesOf(bytes)
    this.#state = { ...this.#state, revision, historyBytes }
    return entry
  }

  #replace(key: string, before: Version, { revision, bytes }: Version): void {
    const { current, graves } = this.#tables
    if (bytes) {
      this.#changes.push(() => current.put(key, bytes))
      if (!before.bytes && before.revision > 0) this.#changes.push(() => graves.remove(key))
    } else {
      this.#changes.push(() => current.remove(key))
      this.#changes.push(() => graves.put(key, revision))
    }
  }

  #setDue(key: string, before: Version, after: Version): void {
    const { expiry } = this.#tables
    const { dueMs: dueBefore = 0 } = before.stored ?? {}
    const { dueMs = 0 } = after.stored ?? {}
    if (dueBefore > 0) this.#changes.push(() => expiry.remove({ dueMs: dueBefore, revision: before.revision }))
    if (dueMs === 0) return
    this.#changes.push(() => expiry.put({ dueMs, revision: after.revision }, key))
    this.#earliestDueMs = Math.min(this.#earliestDueMs, dueMs)
  }
}
