/**
 * The store is an MVCC log: every committed write has the next revision (a positive integer, one sequence for all keys),
 * history is kept by a budget, and anyone can read or watch from any kept revision.
 *
 * Contract, which `store.suite.ts` checks for every implementation:
 * - A write that was acknowledged is durable (memory: for the process's life) and visible to every later read and watch.
 * - Writes take effect one after another in revision order; nothing is visible before it is durable.
 * - A watch delivers every event after its start exactly once, in revision order, or ends with CompactedError.
 * - A watch that has caught up gets an event before the write that caused it resolves.
 * - Live watches share their events by identity, so that what is derived of one is derived once.
 * - Values are shared: nobody changes the bytes after they were handed in or out.
 * - An empty store stands at revision 1, as etcd's does, so that no answer carries resourceVersion 0; its first write gets 2.
 * - Keys are non-empty strings of at most MAX_KEY_BYTES in UTF-8, without NUL. Order is that of those bytes.
 * - After `close` every call fails with StoreError.
 */
export interface Store {
  /** Whether other processes may write to it at the same time. */
  readonly shared?: boolean
  /** The newest revision that reads can see. */
  readonly revision: number
  /** Where watches have been handed all events up to, in a store that hands them on later than they happen; `revision` in others. */
  readonly delivered?: number
  /** Reads and watches at revisions below this fail with CompactedError. */
  readonly compactRevision: number
  /**
   * Resolves with `revision` when that has reached every write that anyone had been told of by the time of this call: others may write
   * to the same etcd. Whoever uses `revision` on behalf of a client that wants the newest asks here first.
   */
  latest(): MaybePromise<number>
  get(key: string, options?: ReadOptions): MaybePromise<Entry | undefined>
  /** Keys that start with `prefix`, in byte order. */
  range(prefix: string, options?: RangeOptions): MaybePromise<Range>
  /**
   * Shows the entries that `range` would return to `visit`, in place, until it returns false: an entry and its value are valid only
   * during the call, which must not use the store. Only for stores that save something by it; see scan.ts.
   */
  scan?(prefix: string, options: RangeOptions, visit: (entry: Entry) => boolean): MaybePromise<ScanEnd>
  /** How many keys start with `prefix` now. */
  count(prefix: string): MaybePromise<number>
  /**
   * One atomic compare-and-write. Resolves when durable. Rejects with StoreError when the write cannot be made durable
   * (disk full, I/O error, etcd out of reach); it then did not happen, or (etcd timeouts only) may have.
   * A write that fails its expectation, and a delete of an absent key, use no revision and cause no event.
   */
  write(write: Write): Promise<WriteResult>
  /**
   * Delivers events with revision > `after` below `prefix` to `sink`. History comes first, then live events with no gap.
   * `after` may be in the future for none. Nothing is delivered before this call has returned, nor after the function
   * that it returns, which ends the watch, was called (from inside `sink` too).
   */
  watch(prefix: string, after: number, sink: WatchSink): () => void
  /**
   * Forgets history before `revision`, which stays readable. Current values always stay. Resolves at once when that is
   * forgotten already; rejects with FutureRevisionError when `revision` is newer than the newest.
   */
  compact(revision: number): Promise<void>
  /** Resolves when all is written and released. Watches end silently. */
  close(): Promise<void>
}

export type MaybePromise<T> = T | Promise<T>

/** The revision of an empty store. */
export const FIRST_REVISION = 1

/** The longest key, in UTF-8 bytes. */
export const MAX_KEY_BYTES = 1500

/**
 * How much history a store keeps besides the current values. What exceeds either limit is compacted, oldest first,
 * as writes come in: a store that nobody writes to keeps what it has.
 */
export interface HistoryBudget {
  /** The size of the kept history in bytes: keys, values and a small constant per event. */
  readonly maxBytes: number
  /** The age of the oldest kept event. */
  readonly maxAgeMs: number
}

/** A key's value as of some revision. */
export interface Entry {
  readonly key: string
  readonly value: Uint8Array
  /** The revision that created this incarnation of the key. */
  readonly createRevision: number
  /** The revision that last changed it. */
  readonly modRevision: number
  /** The value is not what is kept, but made of what was kept in another form: a write of the same still changes that. */
  readonly outdated?: boolean
}

export interface ReadOptions {
  /** Read as of this revision; the newest when absent. A future one is an error. */
  readonly revision?: number
  /**
   * The newest that this process knows of will do, which is never older than what it was told before: what others wrote a moment ago
   * may be missing (etcd only). Spares a question to etcd.
   */
  readonly stale?: boolean
}

export interface RangeOptions extends ReadOptions {
  /** Start at this key (inclusive) instead of the first one. Must lie below the prefix. */
  readonly start?: string
  /** At most so many entries; all when absent. */
  readonly limit?: number
  /** Count what follows the last entry, which takes time in proportion. */
  readonly countRemaining?: boolean
}

export interface Range {
  readonly entries: readonly Entry[]
  /** Whether keys follow the last entry. */
  readonly more: boolean
  /** How many keys follow the last entry, when that was asked for. */
  readonly remaining?: number
  /** The revision the whole range was read at. */
  readonly revision: number
}

/** Where a scan came to. */
export interface ScanEnd {
  /** The last key that was shown; undefined when there was none. */
  readonly last: string | undefined
  /** Whether keys follow it. */
  readonly more: boolean
  /** The revision that all was read at. */
  readonly revision: number
}

export interface Write {
  readonly key: string
  /** The new bytes, or null to delete. A delete of an absent key fails with `current` undefined, whatever it expects. */
  readonly value: Uint8Array | null
  /** The modRevision the key must have; 0: it must be absent; undefined: whatever it is. */
  readonly expect?: number
  /**
   * The key deletes itself after this many ms (with a revision and an event of its own). A later write of the key
   * without it stays for good. Wall-clock time, so that it runs on while the store is closed.
   */
  readonly ttlMs?: number
}

export type WriteResult =
  | {
      readonly ok: true
      readonly revision: number
      readonly previous: Entry | undefined
      /** What a read of the key now gives, where that is not the value written. */
      readonly value?: Uint8Array
    }
  /** The expectation failed; `current` is what is there (durable by the time this resolves). */
  | { readonly ok: false; readonly current: Entry | undefined }

export interface StoreEvent {
  readonly type: 'put' | 'delete'
  readonly key: string
  readonly revision: number
  /** After a put: the new entry. */
  readonly entry: Entry | undefined
  /** What it was before; undefined when this event created it. Known for every event that a watch delivers. */
  readonly previous: Entry | undefined
}

export interface WatchSink {
  /** Events in revision order; never empty. Must not throw or block: a slow consumer queues by itself. */
  onEvents(events: readonly StoreEvent[]): void
  /**
   * History is delivered: from now on whoever reads `revision` outside of `onEvents` has been handed all events up to it.
   * Called at most once.
   */
  onCaughtUp?(): void
  /** The watch has ended: CompactedError, or StoreError. Called at most once, and nothing after it. */
  onError(error: Error): void
}

/** The asked revision is older than the kept history. Answer: 410 Expired; list again. */
export class CompactedError extends Error {
  readonly compactRevision: number
  constructor(compactRevision: number) {
    super(`required revision has been compacted (history starts at ${compactRevision})`)
    this.name = 'CompactedError'
    this.compactRevision = compactRevision
  }
}

/** The asked revision is newer than the newest. */
export class FutureRevisionError extends Error {
  constructor(asked: number, current: number) {
    super(`required revision ${asked} is a future revision (current ${current})`)
    this.name = 'FutureRevisionError'
  }
}

export interface StoreErrorOptions extends ErrorOptions {
  /** See StoreError. */
  readonly uncertain?: boolean
  readonly timedOut?: boolean
  readonly full?: boolean
}

/** The store cannot read or write. `cause` says why. Retrying later may help. */
export class StoreError extends Error {
  /** Whether the write may have happened, or happen yet. Nobody can know before the store answers again. */
  readonly uncertain: boolean
  /** Whether it was waited for in vain. */
  readonly timedOut: boolean
  /** Whether there is no room for it. Deletes may make some. */
  readonly full: boolean

  constructor(message: string, options?: StoreErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.uncertain = options?.uncertain ?? false
    this.timedOut = options?.timedOut ?? false
    this.full = options?.full ?? false
  }
}

/** Whether a write that failed with this error may have happened all the same, so that what it needs must stay. */
export function mayHaveHappened(error: unknown): boolean {
  return error instanceof StoreError && error.uncertain
}
