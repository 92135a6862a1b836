import type { Clock } from '../../lib/clock.ts'
import { silentLogger, type Logger } from '../../lib/log.ts'
import { checkWrite, compareKeys } from '../keys.ts'
import {
  CompactedError,
  FutureRevisionError,
  StoreError,
  type Entry,
  type HistoryBudget,
  type Range,
  type RangeOptions,
  type ReadOptions,
  type ScanEnd,
  type Store,
  type WatchSink,
  type Write,
  type WriteResult,
} from '../store.ts'
import { WatchHub } from '../watch-hub.ts'
import { backupTables } from './backup.ts'
import type { Batch } from './batch.ts'
import { Expiry } from './expiry.ts'
import { Reader, type ReadRange } from './reader.ts'
import { openTables, type Tables } from './tables.ts'
import { Writer } from './writer.ts'

export interface LmdbStoreOptions {
  /** The folder that is the store. Made when it is not there. */
  readonly path: string
  readonly clock: Clock
  /** 256 MiB and five minutes unless told, as upstream compacts. */
  readonly history?: HistoryBudget
  readonly log?: Logger
}

const DEFAULT_HISTORY: HistoryBudget = { maxBytes: 256 * 2 ** 20, maxAgeMs: 300_000 }

/**
 * A store in a folder, in LMDB. Reads answer at once. A write resolves when LMDB's commit is on the disk.
 *
 * A write that fails, for want of space say, changes nothing; reads go on, and later writes may succeed. Should LMDB itself
 * give up, everything fails from then on, watches end with the same StoreError, and the store has to be reopened.
 */
export class LmdbStore implements Store {
  readonly #tables: Tables
  readonly #reader: Reader
  readonly #writer: Writer
  readonly #hub: WatchHub
  readonly #expiry: Expiry
  #revision: number
  #compactRevision: number
  /** Why nothing works any more. */
  #ended: StoreError | undefined
  #closed: Promise<void> | undefined

  /** Opens the store, or throws StoreError saying why that cannot be. */
  static async open(options: LmdbStoreOptions): Promise<LmdbStore> {
    return new LmdbStore(await openTables(options.path), options)
  }

  private constructor(tables: Tables, { clock, history = DEFAULT_HISTORY, log = silentLogger }: LmdbStoreOptions) {
    this.#tables = tables
    const { revision, compactRevision } = tables.state()
    this.#revision = revision
    this.#compactRevision = compactRevision
    this.#reader = new Reader(tables)
    const read = (prefix: string, after: number) => this.#reader.history(prefix, after, this.#revision)
    this.#hub = new WatchHub(this, read, setImmediate)
    this.#expiry = new Expiry({
      tables,
      clock,
      log,
      expire: (key, expect) => this.#writer.write({ key, value: null, expect }),
    })
    this.#writer = new Writer({
      tables,
      reader: this.#reader,
      clock,
      history,
      compacting: (through) => (this.#compactRevision = through),
      committed: (batch) => this.#publish(batch),
      broken: (error) => this.#end(error),
    })
    this.#expiry.start()
  }

  get revision(): number {
    return this.#revision
  }

  get compactRevision(): number {
    return this.#compactRevision
  }

  latest(): number {
    this.#checkOpen()
    return this.#revision
  }

  get(key: string, options?: ReadOptions): Entry | undefined {
    return this.#reader.get(key, this.#readRevision(options))
  }

  range(prefix: string, options: RangeOptions = {}): Range {
    return this.#reader.range(this.#readRange(prefix, options))
  }

  scan(prefix: string, options: RangeOptions, visit: (entry: Entry) => boolean): ScanEnd {
    return this.#reader.scan(this.#readRange(prefix, options), visit)
  }

  count(prefix: string): number {
    this.#checkOpen()
    return this.#reader.count(prefix, this.#revision)
  }

  async write(write: Write): Promise<WriteResult> {
    this.#checkOpen()
    checkWrite(write)
    return this.#writer.write(write)
  }

  watch(prefix: string, after: number, sink: WatchSink): () => void {
    this.#checkOpen()
    return this.#hub.watch(prefix, after, sink)
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen()
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision)
    await this.#writer.compact(revision)
  }

  /**
   * Copies the store as of now, history included, into the folder `path`, which must be empty or not there. Reads and
   * writes go on. The copy opens like any store.
   */
  async snapshot(path: string): Promise<void> {
    this.#checkOpen()
    await backupTables(this.#tables, path)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#ended ??= new StoreError('the store is closed')
    this.#expiry.close()
    await this.#writer.idle()
    this.#hub.close()
    await this.#tables.close()
  }

  #publish({ state, events, earliestDueMs }: Batch): void {
    this.#revision = state.revision
    this.#reader.follow(events)
    this.#hub.publish(events)
    this.#expiry.expect(earliestDueMs)
  }

  #end(error: StoreError): void {
    this.#ended ??= error
    this.#expiry.close()
    this.#hub.close(error)
  }

  #readRange(prefix: string, options: RangeOptions): ReadRange {
    const { start = prefix, limit = Infinity, countRemaining = false } = options
    const from = compareKeys(start, prefix) > 0 ? start : prefix
    return { prefix, start: from, limit, countRemaining, revision: this.#readRevision(options) }
  }

  #readRevision({ revision = this.#revision }: ReadOptions = {}): number {
    this.#checkOpen()
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision)
    if (revision < this.#compactRevision) throw new CompactedError(this.#compactRevision)
    return revision
  }

  #checkOpen(): void {
    if (this.#ended) throw this.#ended
  }
}
