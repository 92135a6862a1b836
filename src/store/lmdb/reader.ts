import type { Buffer } from 'node:buffer'
import { compareKeys } from '../keys.ts'
import type { Entry, Range, ScanEnd, StoreEvent } from '../store.ts'
import type { Stretch } from '../watch-hub.ts'
import { Arena, copyAlone } from './arena.ts'
import { Counts } from '../counts.ts'
import {
  decodeEntry,
  decodeEvent,
  endOfPrefix,
  entryOf,
  eventHead,
  eventKey,
  eventPrevious,
  type Copy,
  type Stored,
} from './format.ts'
import { asBuffer, type Tables } from './tables.ts'

/** What a write has to know of a key. */
export interface Version {
  /** The key's newest event, deletes included; 0: none is kept. */
  readonly revision: number
  readonly stored: Stored | undefined
  /** `stored` in its encoded form. */
  readonly bytes: Uint8Array | undefined
}

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

/** A key, what is there now (undefined: it is deleted), and its newest event. */
interface Newest {
  readonly key: string
  readonly stored: Stored | undefined
  readonly revision: number
}

/**
 * Reads of the tables. Each call is one JavaScript turn, in which lmdb keeps to one LMDB transaction. That may be one
 * commit ahead of what the store has published, so everything here is asked for as of a revision, which must not be compacted.
 *
 * Values are copied out once, because LMDB's memory is valid only until the transaction ends.
 */
export class Reader {
  readonly #tables: Tables
  readonly #counts = new Counts()

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /** The newest version on disk. */
  newest(key: string): Version {
    const record = this.#tables.current.getBinaryFast(key)
    if (!record) return { revision: this.#tables.graves.get(key) ?? 0, stored: undefined, bytes: undefined }
    const bytes = asBuffer(copyAlone(asBuffer(record), 0, record.length))
    const stored = decodeEntry(bytes, (source, start, end) => source.subarray(start, end))
    return { revision: stored.modRevision, stored, bytes }
  }

  get(key: string, revision: number): Entry | undefined {
    const record = this.#tables.current.getBinaryFast(key)
    const stored = record && decodeEntry(asBuffer(record), copyAlone)
    const newest = stored?.modRevision ?? this.#tables.graves.get(key) ?? 0
    return this.#entryAt({ key, stored, revision: newest }, revision, copyAlone)
  }

  range({ prefix, start, limit, countRemaining, revision }: ReadRange): Range {
    const { current, decoding, state } = this.#tables
    const isNewest = state().revision === revision
    const end = endOfPrefix(prefix)
    const arena = new Arena()
    const copy: Copy = (bytes, from, to) => arena.copy(bytes, from, to)
    decoding.copy = copy
    const entries: Entry[] = []
    let remaining = 0
    for (const newest of isNewest ? this.#living(start, end) : this.#livingAndDead(start, end)) {
      if (entries.length < limit) {
        const entry = this.#entryAt(newest, revision, copy)
        if (entry) entries.push(entry)
      } else if (isNewest) {
        if (!countRemaining) remaining = 1
        else if (start === prefix) remaining = this.count(prefix, revision) - entries.length
        else remaining = current.getKeysCount({ start: newest.key, end })
        break
      } else if (this.#entryAt(newest, revision, copy) && ++remaining && !countRemaining) break
    }
    return { entries, more: remaining > 0, ...(countRemaining && { remaining }), revision }
  }

  /** What `range` reads, shown in LMDB's own bytes. */
  scan({ prefix, start, limit, revision }: ReadRange, visit: (entry: Entry) => boolean): ScanEnd {
    const { decoding, state } = this.#tables
    const isNewest = state().revision === revision
    const end = endOfPrefix(prefix)
    // Going back through the log reads in between.
    const copy = isNewest ? inPlace : copyAlone
    decoding.copy = copy
    let last: string | undefined
    let left = limit
    for (const newest of isNewest ? this.#living(start, end) : this.#livingAndDead(start, end)) {
      const entry = this.#entryAt(newest, revision, copy)
      if (!entry) continue
      if (left-- <= 0) return { last, more: true, revision }
      last = entry.key
      if (!visit(entry)) left = 0
    }
    return { last, more: false, revision }
  }

  /** How many keys there are below `prefix` at `revision`, which must be the newest that is published. */
  count(prefix: string, revision: number): number {
    const known = this.#counts.get(prefix)
    if (known !== undefined) return known
    const { current, state } = this.#tables
    const count = current.getKeysCount({ start: prefix, end: endOfPrefix(prefix) })
    if (state().revision === revision) this.#counts.set(prefix, count)
    return count
  }

  /** Says what has been published. */
  follow(events: readonly StoreEvent[]): void {
    this.#counts.follow(events)
  }

  /** Events with revisions above `after` up to `newest`. */
  history(prefix: string, after: number, newest: number): Stretch {
    const arena = new Arena()
    const copy: Copy = (source, from, to) => arena.copy(source, from, to)
    const events: StoreEvent[] = []
    let through = newest
    let bytes = 0
    let count = 0
    for (const revision of this.#tables.log.getKeys({ start: after + 1, end: newest + 1 })) {
      const record = this.event(revision)
      const key = record && eventKey(record)
      if (record && key?.startsWith(prefix)) {
        bytes += record.length
        events.push(decodeEvent(record, key, revision, copy))
      }
      if (++count < STRETCH_EVENTS && bytes < STRETCH_BYTES) continue
      through = revision
      break
    }
    return { events, through }
  }

  /** The encoded event in LMDB's own bytes: to be used before any other call. */
  event(revision: number): Buffer | undefined {
    const bytes = this.#tables.log.getBinaryFast(revision)
    return bytes && asBuffer(bytes)
  }

  /** Goes back through the key's events after `revision`: what was there before the first of them was there then. */
  #entryAt({ key, stored, revision: newest }: Newest, revision: number, copy: Copy): Entry | undefined {
    if (newest <= revision) return stored && entryOf(key, stored)
    let event = this.event(newest)
    while (event) {
      const { priorRevision } = eventHead(event)
      if (priorRevision <= revision) {
        const before = eventPrevious(event, copy)
        return before && entryOf(key, before)
      }
      event = this.event(priorRevision)
    }
    return undefined
  }

  *#living(start: string, end: Uint8Array): Generator<Newest, undefined> {
    for (const { key, value: stored } of this.#tables.current.getRange({ start, end }))
      yield { key, stored, revision: stored.modRevision }
  }

  *#dead(start: string, end: Uint8Array): Generator<Newest, undefined> {
    for (const { key, value: revision } of this.#tables.graves.getRange({ start, end }))
      yield { key, stored: undefined, revision }
  }

  /** In order. No key is both. */
  *#livingAndDead(start: string, end: Uint8Array): Generator<Newest, undefined> {
    using living = this.#living(start, end)
    using dead = this.#dead(start, end)
    let a = living.next().value
    let b = dead.next().value
    while (a ?? b) {
      if (a && (!b || compareKeys(a.key, b.key) < 0)) {
        yield a
        a = living.next().value
      } else if (b) {
        yield b
        b = dead.next().value
      }
    }
  }
}

/** The bytes where they are, which the next step of the cursor overwrites. */
function inPlace(bytes: Buffer, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
}
