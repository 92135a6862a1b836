import { Buffer } from 'node:buffer'
import { sleep, type Clock, type Timer } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import { StoreError, type Entry } from '../store.ts'
import type { Cache } from './cache.ts'
import type { Cluster } from './cluster.ts'
import { COMPACT_REV_KEY } from './compactor.ts'
import type { Connection, WatchStream } from './connection.ts'
import { EtcdError, isCompacted } from './error.ts'
import type { KeySpace } from './keys.ts'
import { methods, type Event, type Header, type WatchResponse } from './messages.ts'

export interface FeedOptions {
  readonly cluster: Cluster
  readonly cache: Cache
  readonly keys: KeySpace
  readonly clock: Clock
  readonly log: Logger
  /** History that is read at the start, in revisions, as far as etcd still has it. */
  readonly startHistory: number
}

/** Keys read at a time when everything is. */
const PAGE_KEYS = 1000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000
/** Who waits for a revision is likely to wait for an event that is on its way; after this long it may be none of our keys'. */
const NUDGE_MS = 20
/** The same where a nudge is a write. etcd may take a tenth of a second to tell a new watch of what it missed. */
const WRITE_NUDGE_MS = 250
/** A member that says nothing for so long, though it was nudged, has lost the watch. */
const SILENCE_MS = 2000

const RESTORING =
  'a snapshot is being restored into this etcd, or its restoration was interrupted: then delete all keys of the prefix and restore again'

/** Why a watch stream ended. */
type Ended = { readonly compactRevision: number } | { readonly error: EtcdError }

/**
 * Keeps a cache in step with etcd by one watch of all keys, over whichever member answers. When etcd has forgotten what the cache has not seen
 * yet, or turns out to hold another past than the cache saw, everything is read anew.
 */
export class Feed {
  readonly #options: FeedOptions
  readonly #ended = new AbortController()
  #stream: WatchStream | undefined
  /** Ends the stream as if it had failed. */
  #breakOff: ((error: EtcdError) => void) | undefined
  /** Called when a watch has begun. */
  #created: (() => void) | undefined
  /** Whether the member's progress notifications can be relied on. */
  #tellsProgress = false
  #fragments: Event[] = []
  /** What the cache's content was last seen to come from. */
  #seen: Header | undefined
  #last: { readonly key: Uint8Array; readonly modRevision: number } | undefined
  #nudging: Timer | undefined
  /** Since when the stream has owed an answer; undefined while it does not. */
  #owedSinceMs: number | undefined
  #running: Promise<void> | undefined

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Resolves when the cache holds what etcd held when this was called. Fails with an EtcdError when no member answers. */
  async start(): Promise<void> {
    const { cluster, keys } = this.#options
    const restoring = await cluster.read(methods.range, { key: keys.own('restoring') })
    if (restoring.kvs.length > 0) throw new StoreError(RESTORING)
    const { kvs, header } = await cluster.read(methods.range, this.#question())
    this.#noteOffset(kvs[0]?.value)
    const revision = header?.revision ?? 0
    await this.#loadOldest(revision)
    const watching = Promise.withResolvers<void>()
    this.#created = watching.resolve
    this.#running = this.#run()
    const late = new EtcdError('no watch of etcd could be started', 4)
    const timer = this.#options.clock.setTimer(() => watching.reject(late), cluster.patience.allMs)
    try {
      await watching.promise
    } finally {
      timer.cancel()
    }
    await this.reached(revision + keys.offset)
  }

  /** Resolves when the cache has reached `revision`. */
  reached(revision: number): Promise<void> {
    const { cache } = this.#options
    const reached = cache.reached(revision)
    if (cache.awaited) this.#nudgeLater()
    return reached
  }

  /** The newest revision of all. */
  async newest(): Promise<number> {
    const { cluster, cache, keys } = this.#options
    const known = cache.versions.revision
    const { header } = await cluster.read(methods.range, this.#question())
    const revision = (header?.revision ?? 0) + keys.offset
    if (revision < known) this.#breakOff?.(new EtcdError(`etcd is at revision ${revision}, but was at ${known}`, 0))
    return revision
  }

  async close(): Promise<void> {
    this.#ended.abort(new Error('the store is closed'))
    this.#nudging?.cancel()
    this.#breakOff?.(new EtcdError('the store is closed', 0))
    await this.#running
  }

  /** A read of as little as possible, through consensus. */
  #question() {
    return { key: this.#options.keys.own('revision-offset') }
  }

  #noteOffset(value: Uint8Array | undefined): void {
    this.#options.keys.offset = value ? Number(new TextDecoder().decode(value)) : 0
  }

  async #run(): Promise<void> {
    const { log, clock, cluster } = this.#options
    const { signal } = this.#ended
    let pauseMs = FIRST_PAUSE_MS
    while (!signal.aborted) {
      const connection = cluster.current
      try {
        await this.#follow(connection, () => (pauseMs = FIRST_PAUSE_MS))
      } catch (error) {
        if (signal.aborted) return
        log.warn('the watch of etcd was lost and is started anew', { endpoint: connection.endpoint, err: error })
        cluster.failed(connection)
        await sleep(clock, pauseMs, signal).catch(() => undefined)
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      }
    }
  }

  /** Watches until that fails; rejects then. */
  async #follow(connection: Connection, followed: () => void): Promise<void> {
    const { cache, keys } = this.#options
    await this.#check(connection)
    if (this.#ended.signal.aborted) return
    const from = cache.versions.revision - keys.offset + 1
    const ended = await this.#watch(connection, from, followed)
    if ('error' in ended) throw ended.error
    const why = `etcd has forgotten the history before revision ${ended.compactRevision}`
    await this.#reload(why)
  }

  /** Finds out whether this is still the past that the cache saw, and what the member can do. */
  async #check(connection: Connection): Promise<void> {
    const { cluster } = this.#options
    const { version } = await connection.call(methods.status, {}, cluster.patience.callMs)
    this.#tellsProgress = tellsProgress(version)
    const { header } = await connection.call(methods.range, this.#question(), cluster.patience.callMs)
    const changed = (header && this.#changed(header)) ?? (await this.#isGone(connection))
    if (changed) await this.#reload(`etcd was restored: ${changed}`)
    else this.#seen = header
  }

  #changed(header: Header): string | undefined {
    const { cache, keys } = this.#options
    const revision = header.revision + keys.offset
    const known = cache.versions.revision
    if (revision < known) return `it is at revision ${revision}, and was at ${known}`
    if (!this.#seen) return undefined
    if (header.clusterId !== this.#seen.clusterId) return 'it is another cluster'
    return header.raftTerm < this.#seen.raftTerm ? 'its raft term went back' : undefined
  }

  /** Whether the newest change in the cache never happened as far as etcd knows. */
  async #isGone(connection: Connection): Promise<string | undefined> {
    const { cluster } = this.#options
    const last = this.#last
    if (!last) return undefined
    try {
      const request = { key: last.key, revision: last.modRevision, keysOnly: true }
      const { kvs } = await connection.call(methods.range, request, cluster.patience.callMs)
      return kvs[0]?.modRevision === last.modRevision ? undefined : `it lacks revision ${last.modRevision}`
    } catch (error) {
      if (isCompacted(error)) return undefined // The watch will tell.
      throw error
    }
  }

  async #reload(why: string): Promise<void> {
    const { cluster, log } = this.#options
    log.warn('reading everything from etcd anew; watches start over', { why })
    const { kvs, header } = await cluster.read(methods.range, this.#question())
    this.#noteOffset(kvs[0]?.value)
    await this.#load(header?.revision ?? 0)
  }

  /** Starts from a while ago, if etcd still knows: the watch then fills in the history since. */
  async #loadOldest(newest: number): Promise<void> {
    const { cluster, startHistory } = this.#options
    const { kvs } = await cluster.read(methods.range, { key: COMPACT_REV_KEY })
    const compacted = Number(new TextDecoder().decode(kvs[0]?.value)) || 1
    try {
      return await this.#load(Math.min(newest, Math.max(compacted, newest - startHistory)))
    } catch (error) {
      if (!isCompacted(error)) throw error
    }
    await this.#reload('its history has been compacted further than usual')
  }

  /** Fills the cache with what etcd held at a revision of its own. */
  async #load(revision: number): Promise<void> {
    const { cluster, cache, keys } = this.#options
    const entries: Entry[] = []
    const { rangeEnd } = keys.all
    let { key } = keys.all
    for (;;) {
      const page = await cluster.read(methods.range, { key, rangeEnd, revision, limit: PAGE_KEYS })
      for (const kv of page.kvs) {
        const entry = cache.entryOf(kv)
        if (entry) entries.push(entry)
      }
      this.#seen = page.header
      const last = page.kvs.at(-1)
      if (!page.more || !last) break
      key = Buffer.concat([last.key, Buffer.of(0)])
    }
    this.#last = undefined
    cache.load(entries, revision + keys.offset)
  }

  #watch(connection: Connection, startRevision: number, followed: () => void): Promise<Ended> {
    const { key, rangeEnd } = this.#options.keys.all
    this.#fragments = []
    this.#owedSinceMs = undefined
    return new Promise((resolve) => {
      const end = (ended: Ended): void => {
        this.#stream?.close()
        this.#stream = undefined
        this.#breakOff = undefined
        resolve(ended)
      }
      this.#breakOff = (error) => end({ error })
      this.#stream = connection.watch({
        onResponse: (response) => {
          followed()
          this.#owedSinceMs = undefined
          const ended = this.#take(response)
          if (ended) end(ended)
        },
        onEnd: (error) => end({ error }),
      })
      this.#stream.send({ create: { key, rangeEnd, startRevision, progressNotify: true, fragment: true } })
    })
  }

  #take({
    header,
    created,
    canceled,
    compactRevision,
    cancelReason,
    fragment,
    events,
  }: WatchResponse): Ended | undefined {
    const { cache, keys } = this.#options
    if (canceled)
      return compactRevision > 0 ? { compactRevision } : { error: new EtcdError(`etcd ended it: ${cancelReason}`, 14) }
    if (events.length > 0) {
      this.#fragments.push(...events)
      if (fragment) return undefined
      const whole = this.#fragments
      this.#fragments = []
      const { kv } = whole.findLast(({ type }) => type === 0) ?? {}
      if (kv) this.#last = { key: kv.key.slice(), modRevision: kv.modRevision }
      cache.apply(whole)
    } else if (created) {
      this.#created?.()
    } else if (this.#tellsProgress && header) {
      cache.advance(header.revision + keys.offset)
    }
    return undefined
  }

  /** Makes etcd say how far it is, by and by, while anyone waits. */
  #nudgeLater(): void {
    if (this.#nudging || this.#ended.signal.aborted) return
    this.#nudging = this.#options.clock.setTimer(
      () => {
        this.#nudging = undefined
        if (!this.#options.cache.awaited) return
        this.#nudge()
        this.#nudgeLater()
      },
      this.#tellsProgress ? NUDGE_MS : WRITE_NUDGE_MS,
    )
  }

  /** An etcd that cannot be asked for progress is given a write to tell of. */
  #nudge(): void {
    const { cluster, keys, log, clock } = this.#options
    if (!this.#stream) return
    this.#owedSinceMs ??= clock.monotonic()
    if (clock.monotonic() - this.#owedSinceMs > SILENCE_MS)
      return this.#breakOff?.(new EtcdError('the watch of etcd is silent', 14))
    if (this.#tellsProgress) return this.#stream.send({ progress: {} })
    cluster.write(methods.put, { key: keys.own('progress'), value: new Uint8Array() }).catch((err: unknown) => {
      log.debug('etcd could not be asked how far it is', { err })
    })
  }
}

/**
 * Whether progress notifications never come before the events that they count: from etcd 3.4.31 and 3.5.13 on (upstream's
 * FeatureSupportChecker; etcd issues 15220 and 17507).
 */
function tellsProgress(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  if (major !== 3 || minor > 5) return major >= 3
  return (minor === 5 && patch >= 13) || (minor === 4 && patch >= 31)
}
