import { Buffer } from 'node:buffer'
import { compareKeys } from '../keys.ts'
import type { Entry, Range, StoreEvent } from '../store.ts'
import type { Stretch } from '../watch-hub.ts'
import { createRevisionOf, dueMsOf, endOfPrefix, isDelete, keyOf, priorRevisionOf, valueStart } from './format.ts'
import { asBuffer, type Tables } from './tables.ts'

/** What a write has to know of a key. */
export interface Version {
  /** The key's newest event, deletes included; 0: none is kept. */
  readonly revision: number
  /** When the entry deletes itself; 0: never. */
  readonly dueMs: number
  readonly entry: Entry | undefined
}

const ABSENT: Version = { revision: 0, dueMs: 0, entry: undefined }
/** A stretch of history ends at whatever comes first. */
const STRETCH_EVENTS = 500
const STRETCH_BYTES = 4 * 2 ** 20

export interface ReadRange {
  readonly prefix: string
  readonly start: string
  readonly limit: number
  readonly countRemaining: boolean
  readonly revision: number
}

/**
 * Reads of the tables. Each call is one JavaScript turn, in which lmdb keeps to one LMDB transaction. That may be one
 * commit ahead of what the store has published, so everything here is asked for as of a revision.
 *
 * Values are copied out once, because LMDB's memory is valid only until the transaction ends.
 */
export class Reader {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /** The newest version on disk. */
  newest(key: string): Version {
    const revision = this.#tables.index.get(key)
    if (revision === undefined) return { ...ABSENT, revision: this.#tables.graves.get(key) ?? 0 }
    const record = asBuffer(this.#tables.log.getBinaryFast(revision))
    return { revision, dueMs: dueMsOf(record), entry: entryOf(key, revision, record, copyValue) }
  }

  /** `revision` must not be compacted. */
  get(key: string, revision: number): Entry | undefined {
    const newest = this.#tables.index.get(key) ?? this.#tables.graves.get(key)
    return newest === undefined ? undefined : this.#entryAt(key, newest, revision, copyValue)
  }

  /** `revision` must not be compacted. */
  range({ prefix, start, limit, countRemaining, revision }: ReadRange): Range {
    const { index, state } = this.#tables
    const isNewest = state().revision === revision
    const end = endOfPrefix(prefix)
    const copy = copyIntoChunks()
    const entries: Entry[] = []
    let remaining = 0
    for (const { key, value: newest } of isNewest ? index.getRange({ start, end }) : this.#everyKey(start, end)) {
      if (entries.length < limit) {
        const entry = this.#entryAt(key, newest, revision, copy)
        if (entry) entries.push(entry)
      } else if (isNewest) {
        remaining = countRemaining ? index.getKeysCount({ start: key, end }) : 1
        break
      } else if (this.#entryAt(key, newest, revision, noValue) && ++remaining && !countRemaining) break
    }
    return { entries, more: remaining > 0, ...(countRemaining && { remaining }), revision }
  }

  count(prefix: string): number {
    return this.#tables.index.getKeysCount({ start: prefix, end: endOfPrefix(prefix) })
  }

  /** Events with revisions above `after`, which must not be compacted, up to `newest`. */
  history(prefix: string, after: number, newest: number): Stretch {
    const events: StoreEvent[] = []
    let through = newest
    let bytes = 0
    let count = 0
    for (const revision of this.#tables.log.getKeys({ start: after + 1, end: newest + 1 })) {
      const record = this.record(revision)
      const key = record && keyOf(record)
      if (record && key?.startsWith(prefix)) {
        bytes += record.length
        events.push(this.#event(key, revision, record))
      }
      if (++count < STRETCH_EVENTS && bytes < STRETCH_BYTES) continue
      through = revision
      break
    }
    return { events, through }
  }

  /** LMDB's own bytes: use them before any other call. */
  record(revision: number): Buffer | undefined {
    const bytes = revision === 0 ? undefined : this.#tables.log.getBinaryFast(revision)
    return bytes && asBuffer(bytes)
  }

  #event(key: string, revision: number, record: Buffer): StoreEvent {
    const priorRevision = priorRevisionOf(record)
    const entry = isDelete(record) ? undefined : entryOf(key, revision, record, copyValue)
    const prior = this.record(priorRevision)
    const previous = prior && !isDelete(prior) ? entryOf(key, priorRevision, prior, copyValue) : undefined
    return { type: entry ? 'put' : 'delete', key, revision, entry, previous }
  }

  /** Walks back from the key's newest event. A record that is missing was a delete, and is compacted. */
  #entryAt(key: string, newest: number, revision: number, copy: CopyValue): Entry | undefined {
    let at = newest
    let record = this.record(at)
    while (record && at > revision) {
      at = priorRevisionOf(record)
      record = this.record(at)
    }
    return record && !isDelete(record) ? entryOf(key, at, record, copy) : undefined
  }

  /** The index and the graves as one, in order. No key is in both. */
  *#everyKey(start: string, end: Uint8Array): Generator<{ key: string; value: number }, undefined> {
    const living = this.#tables.index.getRange({ start, end })[Symbol.iterator]()
    const dead = this.#tables.graves.getRange({ start, end })[Symbol.iterator]()
    try {
      let a = living.next()
      let b = dead.next()
      while (!a.done || !b.done) {
        if (!a.done && (b.done || compareKeys(a.value.key, b.value.key) < 0)) {
          yield a.value
          a = living.next()
        } else if (!b.done) {
          yield b.value
          b = dead.next()
        }
      }
    } finally {
      living.return?.()
      dead.return?.()
    }
  }
}

type CopyValue = (record: Buffer, start: number) => Uint8Array

function entryOf(key: string, modRevision: number, record: Buffer, copy: CopyValue): Entry {
  return { key, value: copy(record, valueStart(record)), createRevision: createRevisionOf(record), modRevision }
}

function copyValue(record: Buffer, start: number): Uint8Array {
  return Uint8Array.prototype.slice.call(record, start, record.length)
}

const NO_VALUE = new Uint8Array()

function noValue(): Uint8Array {
  return NO_VALUE
}

const CHUNK_BYTES = 2 ** 16

/** Copies many values into few allocations: an allocation costs more than a small copy. */
function copyIntoChunks(): CopyValue {
  let chunk = Buffer.alloc(0)
  let used = 0
  return (record, start) => {
    const length = record.length - start
    if (length > CHUNK_BYTES / 4) return copyValue(record, start)
    if (used + length > chunk.length) {
      chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
      used = 0
    }
    record.copy(chunk, used, start, record.length)
    used += length
    return new Uint8Array(chunk.buffer, used - length, length)
  }
}
