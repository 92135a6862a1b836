/**
 * The store is an MVCC log: every committed write has the next revision (a positive integer, one sequence for all keys),
 * history is kept by a budget, and anyone can read or watch from any kept revision.
 *
 * Contract, which `store.suite.ts` checks for every implementation:
 * - A write that was acknowledged is durable (memory: for the process's life) and visible to every later read and watch.
 * - Writes take effect one after another in revision order; nothing is visible before it is durable.
 * - A watch delivers every event after its start exactly once, in revision order, or ends with CompactedError.
 * - Values are shared: nobody changes the bytes after they were handed in or out.
 */
export interface Store {
  /** The newest revision that reads can see. */
  readonly revision: number
  /** Reads and watches at revisions below this fail with CompactedError. */
  readonly compactRevision: number
  get(key: string, options?: ReadOptions): MaybePromise<Entry | undefined>
  /** Keys that start with `prefix`, in byte order. */
  range(prefix: string, options?: RangeOptions): MaybePromise<Range>
  /** How many keys start with `prefix` now. */
  count(prefix: string): MaybePromise<number>
  /**
   * One atomic compare-and-write. Resolves when durable. Rejects with StoreError when the write cannot be made durable
   * (disk full, I/O error, etcd out of reach); it then did not happen, or (etcd timeouts only) may have.
   */
  write(write: Write): Promise<WriteResult>
  /**
   * Delivers events with revision > `after` below `prefix` to `sink`. History comes first, then live events with no gap.
   * `after` may be in the future for none. Returns the function that ends it; after that nothing is delivered.
   */
  watch(prefix: string, after: number, sink: WatchSink): () => void
  /** Forgets history before `revision` (at most the current one). Current values always stay. */
  compact(revision: number): Promise<void>
  /** Resolves when all is written and released. Watches end silently. */
  close(): Promise<void>
}

export type MaybePromise<T> = T | Promise<T>

/** A key's value as of some revision. */
export interface Entry {
  readonly key: string
  readonly value: Uint8Array
  /** The revision that created this incarnation of the key. */
  readonly createRevision: number
  /** The revision that last changed it. */
  readonly modRevision: number
}

export interface ReadOptions {
  /** Read as of this revision; the newest when absent. A future one is an error. */
  readonly revision?: number
}

export interface RangeOptions extends ReadOptions {
  /** Start at this key (inclusive) instead of the first one. Must lie below the prefix. */
  readonly start?: string
  /** At most so many entries; all when absent. */
  readonly limit?: number
}

export interface Range {
  readonly entries: readonly Entry[]
  /** Whether keys follow the last entry. */
  readonly more: boolean
  /** How many keys follow the last entry, when cheap to know (for remainingItemCount). */
  readonly remaining?: number
  /** The revision the whole range was read at. */
  readonly revision: number
}

export interface Write {
  readonly key: string
  /** The new bytes, or null to delete. */
  readonly value: Uint8Array | null
  /** The modRevision the key must have; 0: it must be absent; undefined: whatever it is. */
  readonly expect?: number
  /** The key deletes itself after this many ms (with a revision and an event of its own). */
  readonly ttlMs?: number
}

export type WriteResult =
  | { readonly ok: true; readonly revision: number; readonly previous: Entry | undefined }
  /** The expectation failed; `current` is what is there. */
  | { readonly ok: false; readonly current: Entry | undefined }

export interface StoreEvent {
  readonly type: 'put' | 'delete'
  readonly key: string
  readonly revision: number
  /** After a put: the new entry. */
  readonly entry: Entry | undefined
  /** What it was before; undefined when it was created, or when the previous revision is compacted. */
  readonly previous: Entry | undefined
}

export interface WatchSink {
  /** Events in revision order; never empty. Must not throw or block: a slow consumer queues by itself. */
  onEvents(events: readonly StoreEvent[]): void
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

/** The store cannot read or write. `cause` says why. Retrying later may help. */
export class StoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
  }
}
