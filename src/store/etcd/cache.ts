import type { Clock } from '../../lib/clock.ts'
import { Heap } from '../../lib/heap.ts'
import { Versions } from '../memory/versions.ts'
import { CompactedError, StoreError, type Entry, type HistoryBudget, type StoreEvent } from '../store.ts'
import { WatchHub } from '../watch-hub.ts'
import type { KeySpace } from './keys.ts'
import { PUT, type Event, type KeyValue } from './messages.ts'

interface Waiter {
  readonly revision: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** What etcd holds, kept in step by one watch of it. Everything that is read or watched in this process is read here. */
export class Cache {
  readonly versions: Versions
  readonly hub: WatchHub
  readonly #keys: KeySpace
  #waiting = waiters()

  constructor(clock: Clock, history: HistoryBudget, keys: KeySpace) {
    const versions = new Versions(clock, history)
    this.versions = versions
    this.hub = new WatchHub(versions, (prefix, after) => versions.history(prefix, after), setImmediate)
    this.#keys = keys
  }

  /** Takes in all events of one or several revisions, tells the watches, then whoever waits. */
  apply(events: readonly Event[]): void {
    const taken: StoreEvent[] = []
    const before = this.versions.revision
    let newest = before
    for (const { type, kv } of events) {
      if (!kv) continue
      newest = kv.modRevision + this.#keys.offset
      if (newest <= before) continue
      const event = this.#eventOf(type, kv)
      if (!event) continue
      this.versions.add(event)
      taken.push(event)
    }
    this.versions.advance(newest)
    if (taken.length > 0) this.hub.publish(taken)
    this.#release()
  }

  /** Nothing more happened up to `revision`. */
  advance(revision: number): void {
    this.versions.advance(revision)
    this.#release()
  }

  /** Starts over with what there is at `revision`. Watches end: what happened in between is not known. */
  load(entries: readonly Entry[], revision: number): void {
    const before = this.versions.revision
    this.versions.load(entries, revision)
    this.hub.close(new CompactedError(revision))
    if (revision < before) this.fail(new StoreError('etcd holds an older state than before: it was restored'))
    this.#release()
  }

  /** An entry, as a range of etcd tells it. Undefined for what is none of the store's keys. */
  entryOf({ key, value, createRevision, modRevision }: KeyValue): Entry | undefined {
    const name = this.#keys.decode(key)
    if (name === undefined) return undefined
    const { offset } = this.#keys
    return { key: name, value, createRevision: createRevision + offset, modRevision: modRevision + offset }
  }

  /** Resolves when the cache has reached `revision`. */
  reached(revision: number): Promise<void> {
    if (revision <= this.versions.revision) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ revision, resolve, reject }))
  }

  /** Whether anyone waits for what is to come. */
  get awaited(): boolean {
    return this.#waiting.size > 0
  }

  /** Rejects all who wait. */
  fail(error: Error): void {
    const all = this.#waiting
    this.#waiting = waiters()
    for (let next = all.pop(); next; next = all.pop()) next.reject(error)
  }

  #eventOf(type: number, kv: KeyValue): StoreEvent | undefined {
    const key = this.#keys.decode(kv.key)
    if (key === undefined) return undefined
    const { offset } = this.#keys
    const revision = kv.modRevision + offset
    const previous = this.versions.current(key)
    if (type !== PUT) return { type: 'delete', key, revision, entry: undefined, previous }
    // A copy, so that the value does not keep the whole message that it came with.
    const value = kv.value.slice()
    const entry: Entry = { key, value, createRevision: kv.createRevision + offset, modRevision: revision }
    return { type: 'put', key, revision, entry, previous }
  }

  #release(): void {
    const { revision } = this.versions
    for (let next = this.#waiting.peek(); next && next.revision <= revision; next = this.#waiting.peek()) {
      this.#waiting.pop()
      next.resolve()
    }
  }
}

function waiters(): Heap<Waiter> {
  return new Heap<Waiter>((a, b) => a.revision < b.revision)
}
