import { andThen } from '../../lib/and-then.ts'
import { OrderedQueue } from '../../lib/ordered-queue.ts'
import { goQuote } from '../../lib/quote.ts'
import { scan, shown } from '../scan.ts'
import {
  StoreError,
  type Entry,
  type MaybePromise,
  type Range,
  type RangeOptions,
  type ReadOptions,
  type ScanEnd,
  type Store,
  type StoreEvent,
  type WatchSink,
  type Write,
  type WriteResult,
} from '../store.ts'
import { placeOf, type Sealed, type SealedKeys } from './resources.ts'
import { TransformError } from './transformer.ts'

/** Events on their way to a watch, by the first one's revision. */
interface Waiting {
  readonly revision: number
  /** Resolves when they are handed on, or nobody wants them any more. */
  readonly over: Promise<void>
  end(): void
}

function waitingFor(revision: number): Waiting {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { revision, over: promise, end: resolve }
}

/**
 * A store that keeps the values of some keys in another form than they are read and written in. Values of other keys pass as they are. What
 * cannot be read fails the read, or ends the watch: nothing is left out. Entries kept in a form that a write would not choose now are `outdated`.
 */
export class EncryptedStore implements Store {
  readonly #inner: Store
  readonly #keys: SealedKeys
  /** Events as they were opened, for as long as somebody holds them: all watches share one. */
  readonly #opened = new WeakMap<StoreEvent, WeakRef<StoreEvent>>()
  /** What is not handed on yet. */
  readonly #pending = new Set<Waiting>()

  constructor(inner: Store, keys: SealedKeys) {
    this.#inner = inner
    this.#keys = keys
  }

  get shared(): boolean {
    return this.#inner.shared ?? false
  }

  get revision(): number {
    return this.#inner.revision
  }

  get compactRevision(): number {
    return this.#inner.compactRevision
  }

  get delivered(): number {
    let delivered = this.#inner.delivered ?? this.#inner.revision
    for (const { revision } of this.#pending) delivered = Math.min(delivered, revision - 1)
    return delivered
  }

  latest(): MaybePromise<number> {
    return this.#inner.latest()
  }

  get(key: string, options?: ReadOptions): MaybePromise<Entry | undefined> {
    const sealed = this.#keys.of(key)
    const entry = this.#inner.get(key, options)
    return sealed ? andThen(entry, (found) => found && openEntry(sealed, found)) : entry
  }

  range(prefix: string, options?: RangeOptions): MaybePromise<Range> {
    const range = this.#inner.range(prefix, options)
    return this.#keys.below(prefix) ? andThen(range, (read) => this.#openRange(read)) : range
  }

  scan(prefix: string, options: RangeOptions, visit: (entry: Entry) => boolean): MaybePromise<ScanEnd> {
    if (!this.#keys.below(prefix)) return scan(this.#inner, prefix, options, visit)
    return andThen(this.range(prefix, options), (range) => shown(range, visit))
  }

  count(prefix: string): MaybePromise<number> {
    return this.#inner.count(prefix)
  }

  write(write: Write): Promise<WriteResult> {
    const sealed = this.#keys.of(write.key)
    return sealed ? this.#writeSealed(write, sealed) : this.#inner.write(write)
  }

  async #writeSealed(write: Write, sealed: Sealed): Promise<WriteResult> {
    const value = write.value && sealed.transformer.seal(write.value, placeOf(sealed, write.key))
    const result = await this.#inner.write({ ...write, value })
    if (!result.ok) {
      if (!result.current) return result
      // That something is there is all that a create wants to know.
      const read = write.expect === 0 ? readable : openEntry
      return { ok: false, current: await read(sealed, result.current) }
    }
    await this.#handedTo(result.revision)
    return { ...result, previous: result.previous && (await readable(sealed, result.previous)) }
  }

  /** Resolves when all watches have the events up to a revision: whoever has written finds it in what is fed by a watch. */
  async #handedTo(revision: number): Promise<void> {
    for (const batch of this.#pending) if (batch.revision <= revision) await batch.over
  }

  watch(prefix: string, after: number, sink: WatchSink): () => void {
    const queue = new OrderedQueue()
    const waiting = new Set<Waiting>()
    let version = -1
    let passes = false
    const over = (batch: Waiting): void => {
      waiting.delete(batch)
      this.#pending.delete(batch)
      batch.end()
    }
    const end = (): void => {
      queue.end()
      for (const batch of waiting) over(batch)
      stop()
    }
    const stop = this.#inner.watch(prefix, after, {
      onEvents: (events) => {
        if (version !== this.#keys.version) {
          version = this.#keys.version
          passes = !this.#keys.below(prefix)
        }
        if (passes && queue.isEmpty) return sink.onEvents(events)
        const batch = waitingFor(events[0]?.revision ?? 0)
        waiting.add(batch)
        this.#pending.add(batch)
        queue.add(() => andThen(this.#handed(events, queue, { sink, end }), () => over(batch)))
      },
      onCaughtUp: () => queue.add(() => sink.onCaughtUp?.()),
      onError: (error) => queue.add(() => sink.onError(error)),
    })
    return end
  }

  compact(revision: number): Promise<void> {
    return this.#inner.compact(revision)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  /** Resolves, whatever happens, when they are handed on or the watch has ended. */
  #handed(
    events: readonly StoreEvent[],
    queue: OrderedQueue,
    { sink, end }: { readonly sink: WatchSink; readonly end: () => void },
  ): MaybePromise<void> {
    const opened = all(events, (event) => this.#openEvent(event))
    const failed = (error: unknown): void => {
      if (queue.ended) return
      end()
      sink.onError(error instanceof StoreError ? error : new StoreError('the watch threw', { cause: error }))
    }
    const hand = (ready: readonly StoreEvent[]): void => {
      if (!queue.ended) sink.onEvents(ready)
    }
    if (opened instanceof Promise) return opened.then(hand).catch(failed)
    try {
      return hand(opened)
    } catch (error) {
      return failed(error)
    }
  }

  #openEvent(event: StoreEvent): MaybePromise<StoreEvent> {
    const sealed = this.#keys.of(event.key)
    if (!sealed) return event
    const known = this.#opened.get(event)?.deref()
    if (known) return known
    const sides = all([event.entry, event.previous], (entry) => entry && openEntry(sealed, entry))
    return andThen(sides, ([entry, previous]) => {
      const opened = { ...event, entry, previous }
      this.#opened.set(event, new WeakRef(opened))
      return opened
    })
  }

  #openRange(range: Range): MaybePromise<Range> {
    const opened = all(range.entries, (entry) => {
      const sealed = this.#keys.of(entry.key)
      return sealed ? named(entry.key, () => openEntry(sealed, entry)) : entry
    })
    return andThen(opened, (entries) => ({ ...range, entries }))
  }
}

function openEntry(sealed: Sealed, entry: Entry): MaybePromise<Entry> {
  return andThen(sealed.transformer.open(entry.value, placeOf(sealed, entry.key)), ({ value, stale }) => ({
    ...entry,
    value,
    ...(stale && { outdated: true }),
  }))
}

/** An entry that is not needed, if it can be read. */
async function readable(sealed: Sealed, entry: Entry): Promise<Entry | undefined> {
  try {
    return await openEntry(sealed, entry)
  } catch (error) {
    if (error instanceof TransformError) return undefined
    throw error
  }
}

/** Of many values, which one could not be read. */
function named<T>(key: string, open: () => MaybePromise<T>): MaybePromise<T> {
  const failed = (cause: unknown): never => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TransformError(`unable to transform key ${goQuote(key)}: ${why}`, { cause })
  }
  try {
    const opened = open()
    return opened instanceof Promise ? opened.catch(failed) : opened
  } catch (error) {
    return failed(error)
  }
}

/** What comes of all of them, at once unless one has to be waited for or fails. */
function all<T, R>(items: readonly T[], open: (item: T) => MaybePromise<R>): MaybePromise<readonly R[]> {
  let waits = false
  const opened = items.map((item) => {
    try {
      const one = open(item)
      waits ||= one instanceof Promise
      return one
    } catch (error) {
      waits = true
      return Promise.reject(error)
    }
  })
  return waits ? Promise.all(opened) : (opened as R[])
}
