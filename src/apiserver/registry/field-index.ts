import { byteFinder } from '../../lib/byte-search.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { nextTurn } from '../../lib/turn.ts'
import { scan } from '../../store/scan.ts'
import type { Store, StoreEvent } from '../../store/store.ts'
import type { Selection } from './selection.ts'
import { collectionPrefix, type ServedResource } from './served.ts'

/** Fields of which each value stands in few of many objects, and how the field begins in the stored bytes, by the resource's storage prefix. */
const INDEXED: Readonly<Record<string, { readonly field: string; readonly text: string }>> = {
  '/registry/pods': { field: 'spec.nodeName', text: '"nodeName":"' },
}

/** An index that nobody asked so long is dropped. */
const IDLE_MS = 60_000
/** Entries that are looked at in one turn of the event loop. */
const STEP = 500

const QUOTE = 0x22
const BACKSLASH = 0x5c
const decoder = new TextDecoder()

/** Keys that had the value as of a revision, in order, and some that had not. */
export interface Found {
  readonly keys: readonly string[]
  readonly revision: number
}

interface Demand {
  readonly prefix: string
  readonly text: string
  readonly value: string
}

/**
 * Finds the objects of one value of a field without a look at all others: the pods of a node, for which every kubelet asks. An index is
 * made when a field is asked for a second time within a while, and a watch of the store keeps it in step.
 */
export class FieldIndexes {
  readonly #store: Store
  readonly #clock: Clock
  readonly #indexes = new Map<string, FieldIndex>()
  readonly #askedMs = new Map<string, number>()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** What may be selected of the newest that is stored; undefined when there is no index for it. */
  async find(resource: ServedResource, selection: Selection): Promise<Found | undefined> {
    const demand = demandOf(resource, selection)
    // Where others write too, each object read is a question to etcd.
    if (!demand || this.#store.shared) return undefined
    const index = this.#indexOf(demand)
    if (!index) return undefined
    index.usedMs = this.#clock.monotonic()
    await index.built
    const { revision } = this.#store
    const keys = index.find(demand.value)
    if (!keys) return this.#drop(demand.prefix, index)
    const below = collectionPrefix(resource.definition, selection.namespace)
    return { revision, keys: keys.filter((key) => key.startsWith(below)) }
  }

  /** Lets go of everything. */
  close(): void {
    for (const [prefix, index] of this.#indexes) this.#drop(prefix, index)
  }

  #indexOf({ prefix, text }: Demand): FieldIndex | undefined {
    const known = this.#indexes.get(prefix)
    if (known) return known
    const now = this.#clock.monotonic()
    const before = this.#askedMs.get(prefix)
    this.#askedMs.set(prefix, now)
    if (before === undefined || now - before > IDLE_MS) return undefined
    const index = new FieldIndex(this.#store, prefix, text, now)
    this.#indexes.set(prefix, index)
    this.#dropWhenIdle(prefix, index)
    return index
  }

  #drop(prefix: string, index: FieldIndex): undefined {
    if (this.#indexes.get(prefix) === index) this.#indexes.delete(prefix)
    index.stop()
  }

  #dropWhenIdle(prefix: string, index: FieldIndex): void {
    index.timer = this.#clock.setTimer(() => {
      if (this.#clock.monotonic() - index.usedMs < IDLE_MS) this.#dropWhenIdle(prefix, index)
      else this.#drop(prefix, index)
    }, IDLE_MS)
  }
}

function demandOf({ definition, codec }: ServedResource, selection: Selection): Demand | undefined {
  const indexed = INDEXED[definition.storagePrefix]
  if (!indexed || codec.reworks) return undefined
  const demanded = selection.fields.find(({ field, operator }) => operator === '=' && field === indexed.field)
  if (!demanded?.value) return undefined
  const value = JSON.stringify(demanded.value).slice(1, -1)
  return { prefix: collectionPrefix(definition, ''), text: indexed.text, value }
}

/** Keys by the values that follow a text in the stored bytes, wherever it stands: some more than those of the field. */
class FieldIndex {
  /** Resolves when all is in it, or it has failed. */
  readonly built: Promise<void>
  usedMs: number
  timer: Timer | undefined
  readonly #keys = new Map<string, Set<string>>()
  readonly #store: Store
  readonly #values: (bytes: Uint8Array) => Iterable<string>
  readonly #unwatch: () => void
  /** What happened while it was read; undefined when that is done. */
  #waiting: StoreEvent[] | undefined = []
  #ended = false
  #end: () => void = () => {}

  constructor(store: Store, prefix: string, text: string, usedMs: number) {
    this.usedMs = usedMs
    this.#store = store
    this.#values = valuesAfter(text)
    const after = store.revision
    let caughtUp = (): void => {}
    const inStep = new Promise<void>((resolve) => (caughtUp = resolve))
    const ended = new Promise<void>((resolve) => (this.#end = resolve))
    this.#unwatch = store.watch(prefix, after, {
      onEvents: (events) => (this.#waiting ? void this.#waiting.push(...events) : this.#apply(events)),
      onCaughtUp: () => caughtUp(),
      onError: () => this.stop(),
    })
    // A store that cannot be read is told of by those who then read it themselves.
    const read = this.#read(prefix, after).catch(() => this.stop())
    this.built = Promise.race([ended, Promise.all([read, inStep]).then(() => undefined)])
  }

  /** The keys of a value; undefined when that is not known as of the store's revision. */
  find(value: string): string[] | undefined {
    const { revision, delivered = revision } = this.#store
    if (this.#ended || this.#waiting || delivered < revision) return undefined
    return [...(this.#keys.get(value) ?? [])].toSorted()
  }

  stop(): void {
    this.#ended = true
    this.timer?.cancel()
    this.#unwatch()
    this.#end()
  }

  async #read(prefix: string, revision: number): Promise<void> {
    for (let start: string | undefined = prefix; start !== undefined && !this.#ended;) {
      const end = await scan(this.#store, prefix, { start, revision, limit: STEP }, ({ key, value }) => {
        this.#add(key, value)
        return true
      })
      start = end.more && end.last !== undefined ? `${end.last}\0` : undefined
      if (start !== undefined) await nextTurn()
    }
    this.#apply(this.#waiting ?? [])
    this.#waiting = undefined
  }

  #apply(events: readonly StoreEvent[]): void {
    for (const { key, entry, previous } of events) {
      if (previous) this.#remove(key, previous.value)
      if (entry) this.#add(key, entry.value)
    }
  }

  #add(key: string, bytes: Uint8Array): void {
    for (const value of this.#values(bytes)) {
      const keys = this.#keys.get(value) ?? new Set()
      this.#keys.set(value, keys.add(key))
    }
  }

  #remove(key: string, bytes: Uint8Array): void {
    for (const value of this.#values(bytes)) {
      const keys = this.#keys.get(value)
      keys?.delete(key)
      if (keys?.size === 0) this.#keys.delete(value)
    }
  }
}

/** Finds what stands between each `text` in JSON and the end of the string that it begins. */
function valuesAfter(text: string): (bytes: Uint8Array) => Iterable<string> {
  const needle = new TextEncoder().encode(text)
  const find = byteFinder(needle)
  return function* (bytes) {
    for (let at = find(bytes, 0); at >= 0; at = find(bytes, at)) {
      const from = at + needle.length
      at = from
      while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
      yield decoder.decode(bytes.subarray(from, at))
    }
  }
}
