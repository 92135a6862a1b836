import { systemClock, type Clock } from '../../lib/clock.ts'
import { silentLogger, type Logger } from '../../lib/log.ts'
import { checkWrite } from '../keys.ts'
import {
  FutureRevisionError,
  StoreError,
  type Entry,
  type HistoryBudget,
  type MaybePromise,
  type Range,
  type RangeOptions,
  type ReadOptions,
  type Store,
  type WatchSink,
  type Write,
  type WriteResult,
} from '../store.ts'
import { Cache } from './cache.ts'
import { Cluster, type Patience } from './cluster.ts'
import { runCompactor } from './compactor.ts'
import type { EtcdTls } from './connection.ts'
import { isCompacted, isLeaseGone } from './error.ts'
import { Feed } from './feed.ts'
import { KeySpace, type KeySpaceOptions } from './keys.ts'
import { Leases } from './leases.ts'
import { EQUAL, GREATER, methods, MOD, VERSION, type Compare, type RequestOp } from './messages.ts'
import { Shared } from './shared.ts'

export interface EtcdStoreOptions {
  /** `http://host:port` or `https://host:port` of each member. */
  readonly endpoints: readonly string[]
  readonly tls?: EtcdTls
  readonly patience?: Patience
  /** Where in etcd the keys are: below /registry unless told, by the names they have. */
  readonly keys?: KeySpaceOptions
  /** For the age of history. What has to do with the network goes by the host's. */
  readonly clock: Clock
  /** What is kept in this process: 128 MiB and ten minutes unless told. How much etcd keeps is another matter. */
  readonly history?: HistoryBudget
  /**
   * How many revisions of the past are read when the store opens, so that clients of a server that was started anew go on where they were:
   * 10,000 unless told.
   */
  readonly startHistory?: number
  /** How long etcd keeps history: so long, to twice as long. Undefined: that is somebody else's business. */
  readonly compactionIntervalMs?: number
  readonly log?: Logger
}

const DEFAULT_HISTORY: HistoryBudget = { maxBytes: 128 * 2 ** 20, maxAgeMs: 600_000 }
const START_HISTORY = 10_000
/** Where upstream's API servers keep theirs. */
export const DEFAULT_KEYS: KeySpaceOptions = { from: '/registry/', to: '/registry/' }

/**
 * A store in an etcd cluster, which any number of processes may use at the same time. Everything is read from a cache in this process, fed by
 * one watch; a read of the newest first asks etcd how far it is. A write is one transaction, and resolves when the cache has it.
 */
export class EtcdStore implements Store {
  readonly shared = true
  readonly #cluster: Cluster
  readonly #keys: KeySpace
  readonly #cache: Cache
  readonly #feed: Feed
  readonly #leases: Leases
  readonly #newest: Shared<void>
  readonly #writing = new Set<Promise<unknown>>()
  readonly #ending = new AbortController()
  #compacting: Promise<void> | undefined
  #closed: Promise<void> | undefined

  /** Opens the store; fails with an EtcdError when no member answers. */
  static async open(options: EtcdStoreOptions): Promise<EtcdStore> {
    const store = new EtcdStore(options)
    try {
      await store.#feed.start()
    } catch (error) {
      await store.close()
      throw error
    }
    store.#startCompactor(options)
    return store
  }

  private constructor(options: EtcdStoreOptions) {
    const { history = DEFAULT_HISTORY, startHistory = START_HISTORY, log = silentLogger } = options
    const keys = new KeySpace(options.keys ?? DEFAULT_KEYS)
    const cluster = new Cluster({ ...options, clock: systemClock })
    const cache = new Cache(options.clock, history, keys)
    this.#keys = keys
    this.#cluster = cluster
    this.#cache = cache
    this.#feed = new Feed({ cluster, cache, keys, clock: systemClock, log, startHistory })
    this.#leases = new Leases(cluster, systemClock)
    this.#newest = new Shared(async () => this.#feed.reached(await this.#feed.newest()))
  }

  #startCompactor({ compactionIntervalMs: intervalMs, log = silentLogger }: EtcdStoreOptions): void {
    if (intervalMs === undefined || intervalMs <= 0) return
    const { signal } = this.#ending
    this.#compacting = runCompactor({ cluster: this.#cluster, clock: systemClock, log, intervalMs, signal })
  }

  get revision(): number {
    return this.#cache.versions.revision
  }

  get compactRevision(): number {
    return this.#cache.versions.compactRevision
  }

  /** The members' URLs. */
  get endpoints(): readonly string[] {
    return this.#cluster.endpoints
  }

  /** The URL of the member in use. */
  get endpoint(): string {
    return this.#cluster.current.endpoint
  }

  async latest(): Promise<number> {
    this.#checkOpen()
    await this.#newest.get()
    return this.revision
  }

  get(key: string, options: ReadOptions = {}): MaybePromise<Entry | undefined> {
    return this.#read(options, () => this.#cache.versions.get(key, options))
  }

  range(prefix: string, options: RangeOptions = {}): MaybePromise<Range> {
    return this.#read(options, () => this.#cache.versions.range(prefix, options))
  }

  count(prefix: string): MaybePromise<number> {
    return this.#read({}, () => this.#cache.versions.count(prefix))
  }

  async write(write: Write): Promise<WriteResult> {
    this.#checkOpen()
    checkWrite(write)
    const written = this.#writeLeased(write)
    this.#writing.add(written)
    try {
      return await written
    } finally {
      this.#writing.delete(written)
    }
  }

  watch(prefix: string, after: number, sink: WatchSink): () => void {
    this.#checkOpen()
    return this.#cache.hub.watch(prefix, after, sink)
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen()
    if (revision > this.revision) await this.latest()
    if (revision > this.revision) throw new FutureRevisionError(revision, this.revision)
    const own = revision - this.#keys.offset
    try {
      if (own > 0) await this.#cluster.write(methods.compact, { revision: own })
    } catch (error) {
      if (!isCompacted(error)) throw error
    }
    this.#cache.versions.compact(revision)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#ending.abort(new Error('the store is closed'))
    await Promise.allSettled([...this.#writing, this.#compacting])
    await this.#feed.close()
    this.#cache.fail(new StoreError('the store is closed'))
    this.#cache.hub.close()
    this.#cluster.close()
  }

  /** Reads the cache when it is new enough for what is asked. */
  #read<T>({ revision, stale = false }: ReadOptions, read: () => T): MaybePromise<T> {
    this.#checkOpen()
    if (revision === undefined ? stale : revision <= this.revision) return read()
    return this.latest().then(read)
  }

  async #writeLeased(write: Write): Promise<WriteResult> {
    try {
      return await this.#write(write)
    } catch (error) {
      if (write.ttlMs === undefined || !isLeaseGone(error)) throw error
      this.#leases.forget(write.ttlMs)
      return this.#write(write)
    }
  }

  /** One transaction: compare, then write, or else read what is there. */
  async #write({ key, value, expect, ttlMs }: Write): Promise<WriteResult> {
    const name = this.#keys.encode(key)
    const compare: Compare[] = []
    if (expect !== undefined)
      compare.push({ result: EQUAL, target: MOD, key: name, modRevision: this.#ownRevision(expect) })
    if (!value) compare.push({ result: GREATER, target: VERSION, key: name, version: 0 })
    const lease = ttlMs === undefined || !value ? undefined : await this.#leases.get(ttlMs)
    const success: RequestOp = value
      ? { put: { key: name, value, ...(lease !== undefined && { lease }) } }
      : { deleteRange: { key: name } }
    const request = { compare, success: [success], failure: [{ range: { key: name } }] }
    const { header, succeeded, responses } = await this.#cluster.write(methods.txn, request)
    const revision = (header?.revision ?? 0) + this.#keys.offset
    if (succeeded) return this.#written(key, revision)
    const [kv] = responses[0]?.range?.kvs ?? []
    const current = kv && this.#cache.entryOf(kv)
    await this.#feed.reached(current?.modRevision ?? revision)
    return { ok: false, current }
  }

  async #written(key: string, revision: number): Promise<WriteResult> {
    await this.#feed.reached(revision)
    const event = this.#cache.versions.eventAt(revision, key)
    return { ok: true, revision, previous: event ? event.previous : await this.#before(key, revision) }
  }

  /** What was there before a write that the cache's history has lost already. */
  async #before(key: string, revision: number): Promise<Entry | undefined> {
    const request = { key: this.#keys.encode(key), revision: revision - this.#keys.offset - 1 }
    const { kvs } = await this.#cluster.read(methods.range, request)
    return kvs[0] && this.#cache.entryOf(kvs[0])
  }

  /** A modRevision as etcd has it; 0 stays 0. One from before a restore matches nothing. */
  #ownRevision(revision: number): number {
    const own = revision - this.#keys.offset
    return revision === 0 || own > 0 ? Math.max(own, 0) : -1
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError('the store is closed')
  }
}
