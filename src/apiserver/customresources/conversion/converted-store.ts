import { encodeStored, storedPrefix } from '../../../apimachinery/codec/json/encode.ts'
import { parseStored } from '../../../apimachinery/codec/json/parse-stored.ts'
import { OrderedQueue } from '../../../lib/ordered-queue.ts'
import { apiVersionOf, type KubeObject } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type {
  Entry,
  MaybePromise,
  Range,
  RangeOptions,
  ReadOptions,
  Store,
  StoreEvent,
  WatchSink,
  Write,
  WriteResult,
} from '../../../store/store.ts'
import type { Convert } from './webhook.ts'

const encoder = new TextEncoder()

/** One version of a custom resource. */
export interface Version {
  readonly definition: ResourceDefinition
  /** Brings an object that was kept in this version to what its schema says now, in place. */
  refresh(draft: KubeObject): void
}

export interface Versions {
  readonly all: readonly Version[]
  readonly storage: Version
  readonly convert: Convert
}

/**
 * The store as one version of a custom resource sees it: what is kept in other versions is read as if it were kept in this one, and what
 * is written is kept in the storage version. Events come in order, however long their conversion takes.
 */
export class ConvertedStore implements Store {
  readonly #inner: Store
  readonly #served: Version
  readonly #versions: Versions
  readonly #servedPrefix: Uint8Array
  readonly #storagePrefix: Uint8Array
  /** The first revisions of events that are not handed on yet. */
  readonly #pending = new Set<number>()

  constructor(inner: Store, served: Version, versions: Versions) {
    this.#inner = inner
    this.#served = served
    this.#versions = versions
    this.#servedPrefix = prefixOf(served)
    this.#storagePrefix = prefixOf(versions.storage)
  }

  get revision(): number {
    return this.#inner.revision
  }

  latest(): MaybePromise<number> {
    return this.#inner.latest()
  }

  get compactRevision(): number {
    return this.#inner.compactRevision
  }

  get delivered(): number {
    const [first] = this.#pending
    const theirs = this.#inner.delivered ?? this.#inner.revision
    return first === undefined ? theirs : Math.min(theirs, first - 1)
  }

  get(key: string, options?: ReadOptions): MaybePromise<Entry | undefined> {
    return then(this.#inner.get(key, options), (entry) => entry && then(this.#read([entry]), ([read]) => read))
  }

  range(prefix: string, options?: RangeOptions): MaybePromise<Range> {
    return then(this.#inner.range(prefix, options), (range) =>
      then(this.#read(range.entries), (entries) => ({ ...range, entries })),
    )
  }

  count(prefix: string): MaybePromise<number> {
    return this.#inner.count(prefix)
  }

  async write(write: Write): Promise<WriteResult> {
    const value = write.value && (await this.#kept(write.value))
    const result = await this.#inner.write({ ...write, value })
    if (result.ok) {
      // As upstream, the answer is what a later read gives.
      return value && value !== write.value ? { ...result, value: await this.#readBack(value, write.key) } : result
    }
    if (!result.current) return result
    const [current] = await this.#read([result.current])
    return { ok: false, current }
  }

  watch(prefix: string, after: number, sink: WatchSink): () => void {
    const queue = new OrderedQueue()
    const stop = this.#inner.watch(prefix, after, {
      onEvents: (events) => this.#hand(queue, events, sink),
      onCaughtUp: () => queue.add(() => sink.onCaughtUp?.()),
      onError: (error) => queue.add(() => sink.onError(error)),
    })
    return () => {
      queue.end()
      stop()
    }
  }

  compact(revision: number): Promise<void> {
    return this.#inner.compact(revision)
  }

  /** The store is others' as well. */
  async close(): Promise<void> {}

  #hand(queue: OrderedQueue, events: readonly StoreEvent[], sink: WatchSink): void {
    const entries = events.flatMap(({ entry, previous }) => [entry, previous].flatMap((one) => one ?? []))
    if (queue.isEmpty && entries.every((entry) => startsWith(entry.value, this.#servedPrefix))) {
      return sink.onEvents(events)
    }
    const revision = events[0]?.revision ?? 0
    this.#pending.add(revision)
    queue.add(async () => {
      try {
        const read = await this.#read(entries)
        this.#pending.delete(revision)
        let at = 0
        const next = (entry: Entry | undefined): Entry | undefined => entry && read[at++]
        sinkUnlessEnded(queue, () =>
          sink.onEvents(
            events.map((event) => ({ ...event, entry: next(event.entry), previous: next(event.previous) })),
          ),
        )
      } catch (error) {
        this.#pending.delete(revision)
        sinkUnlessEnded(queue, () => sink.onError(error instanceof Error ? error : new Error(String(error))))
        queue.end()
      }
    })
  }

  /** Entries as if they were kept in the served version; at once unless one is not. */
  #read(entries: readonly Entry[]): MaybePromise<readonly Entry[]> {
    const others = entries.filter(({ value }) => !startsWith(value, this.#servedPrefix))
    if (others.length === 0) {
      return this.#served === this.#versions.storage
        ? entries
        : entries.map((entry) => this.#marked(entry, entry.value))
    }
    return then(this.#converted(others.map(({ value }) => value)), (values) => {
      const byEntry = new Map(others.map((entry, index) => [entry, values[index] ?? entry.value]))
      return entries.map((entry) => this.#marked(entry, byEntry.get(entry) ?? entry.value))
    })
  }

  #marked(entry: Entry, value: Uint8Array): Entry {
    if (startsWith(entry.value, this.#storagePrefix)) return value === entry.value ? entry : { ...entry, value }
    return { ...entry, value, outdated: true }
  }

  #converted(values: readonly Uint8Array[]): MaybePromise<Uint8Array[]> {
    const objects = values.map((value) => {
      const object = parseStored(value) as KubeObject
      const from = this.#versions.all.find(
        ({ definition }) => apiVersionOf(definition) === (object as { apiVersion?: string }).apiVersion,
      )
      from?.refresh(object)
      return object
    })
    const { definition } = this.#served
    return then(this.#versions.convert(objects, apiVersionOf(definition)), (converted) =>
      converted.map((object) => encodeStored(definition.schema, object)),
    )
  }

  async #readBack(value: Uint8Array, key: string): Promise<Uint8Array> {
    const [entry] = await this.#read([{ key, value, createRevision: 0, modRevision: 0 }])
    return entry?.value ?? value
  }

  /** What is kept of an object in the served version. */
  async #kept(value: Uint8Array): Promise<Uint8Array> {
    const { storage, convert } = this.#versions
    if (this.#served === storage) return value
    const [object] = await convert([parseStored(value) as KubeObject], apiVersionOf(storage.definition))
    return object ? encodeStored(storage.definition.schema, object) : value
  }
}

function prefixOf({ definition }: Version): Uint8Array {
  return encoder.encode(storedPrefix(definition.kind, apiVersionOf(definition)))
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false
  return true
}

/** Goes on at once with what is there at once. */
function then<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}

function sinkUnlessEnded(queue: OrderedQueue, hand: () => void): void {
  if (!queue.ended) hand()
}
