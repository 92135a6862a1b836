import type { Clock } from '../../lib/clock.ts'
import { Counts } from '../counts.ts'
import { compareKeys } from '../keys.ts'
import {
  CompactedError,
  FIRST_REVISION,
  FutureRevisionError,
  type Entry,
  type HistoryBudget,
  type Range,
  type RangeOptions,
  type ReadOptions,
  type StoreEvent,
} from '../store.ts'
import type { Stretch } from '../watch-hub.ts'
import { ChangeLog, type Change } from './change-log.ts'
import { SortedKeys } from './sorted-keys.ts'

const CATCH_UP_EVENTS = 500

/**
 * Everything that a store holds, in plain JavaScript objects: the current entries, and history within a budget, to be read as of any
 * kept revision. Whoever owns it decides what is written, and hands in the events.
 */
export class Versions {
  readonly #clock: Clock
  readonly #log: ChangeLog
  /** The newest change of each key, its delete included until that is compacted. */
  readonly #latest = new Map<string, Change>()
  /** The keys of #latest. */
  readonly #keys = new SortedKeys()
  #counts = new Counts()
  #revision = FIRST_REVISION
  #compactRevision = 0

  constructor(clock: Clock, history: HistoryBudget) {
    this.#clock = clock
    this.#log = new ChangeLog(history, (change) => this.#forget(change))
  }

  get revision(): number {
    return this.#revision
  }

  get compactRevision(): number {
    return this.#compactRevision
  }

  /** The newest entry of a key. */
  current(key: string): Entry | undefined {
    return this.#latest.get(key)?.event.entry
  }

  get(key: string, options?: ReadOptions): Entry | undefined {
    return this.#entryAt(key, this.#readRevision(options))
  }

  range(prefix: string, options: RangeOptions = {}): Range {
    const revision = this.#readRevision(options)
    const { start = prefix, limit = Infinity, countRemaining } = options
    const from = compareKeys(start, prefix) > 0 ? start : prefix
    const isCounted = countRemaining === true && from === prefix && revision === this.#revision
    const entries: Entry[] = []
    let remaining = 0
    for (const key of this.#keys.below(prefix, from)) {
      const entry = this.#entryAt(key, revision)
      if (!entry) continue
      if (entries.length < limit) entries.push(entry)
      else {
        remaining = isCounted ? this.count(prefix) - entries.length : remaining + 1
        if (isCounted || !countRemaining) break
      }
    }
    return { entries, more: remaining > 0, ...(countRemaining && { remaining }), revision }
  }

  /** Counts a prefix once, and then knows. */
  count(prefix: string): number {
    const known = this.#counts.get(prefix)
    if (known !== undefined) return known
    let count = 0
    for (const key of this.#keys.below(prefix, prefix)) if (this.#latest.get(key)?.event.entry) count++
    this.#counts.set(prefix, count)
    return count
  }

  /** The event that `revision` caused for `key`, while history reaches back to it. */
  eventAt(revision: number, key: string): StoreEvent | undefined {
    return this.#log.find(revision, key)?.event
  }

  /** Takes in the next event, whose revision becomes the newest. It tells truly what was there before. */
  add(event: StoreEvent): void {
    const { key, revision } = event
    const prior = this.#latest.get(key)
    const change: Change = { event, priorRevision: prior?.event.revision ?? 0, atMs: this.#clock.monotonic() }
    this.#revision = revision
    this.#latest.set(key, change)
    if (!prior) this.#keys.add(key)
    this.#counts.follow([event])
    this.#log.append(change)
  }

  /** Nothing happened up to `revision`. */
  advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision)
  }

  /** Forgets everything; then these entries are what there is at `revision`, where history starts. */
  load(entries: Iterable<Entry>, revision: number): void {
    for (const key of this.#latest.keys()) this.#keys.delete(key)
    this.#latest.clear()
    this.#log.clear()
    this.#counts = new Counts()
    const atMs = this.#clock.monotonic()
    for (const entry of entries) {
      const { key, modRevision } = entry
      const event: StoreEvent = { type: 'put', key, revision: modRevision, entry, previous: undefined }
      this.#latest.set(key, { event, priorRevision: 0, atMs })
      this.#keys.add(key)
    }
    this.#revision = revision
    this.#compactRevision = revision
  }

  /** Forgets history before `revision`. */
  compact(revision: number): void {
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision)
    this.#log.dropThrough(revision)
    this.#compactRevision = Math.max(this.#compactRevision, revision)
  }

  /** For a WatchHub. */
  history(prefix: string, after: number): Stretch {
    const events = this.#log.after(after, CATCH_UP_EVENTS).map((change) => change.event)
    return {
      events: events.filter((event) => event.key.startsWith(prefix)),
      through: events.at(-1)?.revision ?? this.#revision,
    }
  }

  /** Walks back through the key's changes. What leads back past the kept history is that key's `previous`. */
  #entryAt(key: string, revision: number): Entry | undefined {
    let change = this.#latest.get(key)
    while (change && change.event.revision > revision) {
      const prior = this.#log.find(change.priorRevision, key)
      if (!prior) return change.event.previous
      change = prior
    }
    return change?.event.entry
  }

  /** A change leaves the history. A key whose newest change was a delete leaves with it. */
  #forget(change: Change): void {
    const { key, revision, entry } = change.event
    this.#compactRevision = Math.max(this.#compactRevision, revision)
    if (entry || this.#latest.get(key) !== change) return
    this.#latest.delete(key)
    this.#keys.delete(key)
  }

  #readRevision({ revision = this.#revision }: ReadOptions = {}): number {
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision)
    if (revision < this.#compactRevision) throw new CompactedError(this.#compactRevision)
    return revision
  }
}
