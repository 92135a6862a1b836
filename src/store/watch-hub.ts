import { PrefixIndex } from './prefix-index.ts'
import { CompactedError, StoreError, type StoreEvent, type WatchSink } from './store.ts'

/** How far history reaches. */
export interface HistoryBounds {
  readonly revision: number
  readonly compactRevision: number
}

/** A stretch of history: the events below a prefix, and the revision up to which they are all there. */
export interface Stretch {
  readonly events: readonly StoreEvent[]
  readonly through: number
}

/**
 * Reads the stretch after a revision that is older than the newest. It may end early, so that no step takes long, but
 * goes on by at least one revision.
 */
export type ReadHistory = (prefix: string, after: number) => Stretch

interface Watcher {
  readonly prefix: string
  readonly sink: WatchSink
  /** Everything up to this revision was delivered, or did not match. */
  cursor: number
  /** Whether it has caught up, so that publish serves it. */
  live: boolean
  ended: boolean
}

/**
 * The watches of one store. Each has a cursor: while it lags it pulls from the history in steps, and once it has caught up
 * it is handed what is published. Both filter by the cursor, so the change-over can neither skip nor repeat.
 */
export class WatchHub {
  readonly #bounds: HistoryBounds
  readonly #read: ReadHistory
  readonly #defer: (step: () => void) => void
  readonly #watchers = new Set<Watcher>()
  readonly #live = new PrefixIndex<Watcher>()
  readonly #published: (readonly StoreEvent[])[] = []
  #publishing = false

  /** `defer` runs a step of catching up soon, but not before it returns. */
  constructor(bounds: HistoryBounds, read: ReadHistory, defer: (step: () => void) => void) {
    this.#bounds = bounds
    this.#read = read
    this.#defer = defer
  }

  /** See Store.watch. */
  watch(prefix: string, after: number, sink: WatchSink): () => void {
    const watcher: Watcher = { prefix, sink, cursor: after, live: false, ended: false }
    this.#watchers.add(watcher)
    if (after >= this.#bounds.revision) this.#join(watcher)
    this.#defer(() => this.#catchUp(watcher))
    return () => this.#end(watcher)
  }

  /** Hands new events to the watches. The store's revision must already include them. */
  publish(events: readonly StoreEvent[]): void {
    this.#published.push(events)
    if (this.#publishing) return // A sink wrote: what it caused follows after what is being delivered.
    this.#publishing = true
    for (let next = this.#published.shift(); next; next = this.#published.shift()) {
      for (const [watchers, matching] of this.#sorted(next)) {
        for (const watcher of watchers) this.#deliver(watcher, matching)
      }
    }
    this.#publishing = false
  }

  /** For the live watches of each prefix the events that they want, in one array for all of them. */
  #sorted(events: readonly StoreEvent[]): Map<ReadonlySet<Watcher>, StoreEvent[]> {
    const sorted = new Map<ReadonlySet<Watcher>, StoreEvent[]>()
    for (const event of events) {
      for (const watchers of this.#live.of(event.key)) {
        const matching = sorted.get(watchers)
        if (matching) matching.push(event)
        else sorted.set(watchers, [event])
      }
    }
    return sorted
  }

  /** Ends every watch with `error`, or silently. */
  close(error?: Error): void {
    for (const watcher of this.#watchers) this.#end(watcher, error)
  }

  #catchUp(watcher: Watcher): void {
    if (watcher.ended) return
    const { revision, compactRevision } = this.#bounds
    if (!watcher.live && watcher.cursor < compactRevision)
      return this.#end(watcher, new CompactedError(compactRevision))
    if (!watcher.live && watcher.cursor >= revision) this.#join(watcher)
    if (watcher.live) return this.#tell(() => watcher.sink.onCaughtUp?.())
    try {
      const { events, through } = this.#read(watcher.prefix, watcher.cursor)
      watcher.cursor = through
      if (events.length > 0) this.#hand(watcher, events)
    } catch (error) {
      return this.#end(
        watcher,
        error instanceof Error ? error : new StoreError('cannot read history', { cause: error }),
      )
    }
    this.#defer(() => this.#catchUp(watcher))
  }

  #join(watcher: Watcher): void {
    watcher.live = true
    this.#live.add(watcher.prefix, watcher)
  }

  /** A live watch may have begun after some of `events`: in the future, or while they were waiting to be delivered. */
  #deliver(watcher: Watcher, events: readonly StoreEvent[]): void {
    const { cursor } = watcher
    const isNew = (event: StoreEvent): boolean => event.revision > cursor
    const wanted = events[0] && isNew(events[0]) ? events : events.filter(isNew)
    watcher.cursor = Math.max(cursor, wanted.at(-1)?.revision ?? cursor)
    if (wanted.length > 0) this.#hand(watcher, wanted)
  }

  #hand(watcher: Watcher, events: readonly StoreEvent[]): void {
    try {
      watcher.sink.onEvents(events)
    } catch (error) {
      this.#end(watcher, new StoreError('the watch threw', { cause: error }))
    }
  }

  #end(watcher: Watcher, error?: Error): void {
    if (watcher.ended) return
    watcher.ended = true
    this.#watchers.delete(watcher)
    if (watcher.live) this.#live.delete(watcher.prefix, watcher)
    if (error) this.#tell(() => watcher.sink.onError(error))
  }

  /** A sink that throws here is a bug, which must come out, but not in the hands of who wrote to the store. */
  #tell(call: () => void): void {
    try {
      call()
    } catch (cause) {
      queueMicrotask(() => {
        throw new StoreError('the watch threw', { cause })
      })
    }
  }
}
