import type { Clock, Timer } from '../../lib/clock.ts'
import type { Store } from '../../store/store.ts'
import type { ServedResource } from './served.ts'

/** Bytes that all kept lists may have together, and one of them alone: larger ones cost little more when they are read anew. */
const MOST_BYTES = 32 * 1024 * 1024
const MOST_BYTES_EACH = 8 * 1024 * 1024
/** A list that nobody asked for so long is dropped. */
const IDLE_MS = 30_000

/** The encoded items of a collection, which has not changed since. */
export class KeptItems {
  readonly parts: readonly Uint8Array[]
  readonly #derived = new Map<string, unknown>()

  constructor(parts: readonly Uint8Array[]) {
    this.parts = parts
  }

  /** What is made of the items for one form of answer, such as their compressed bytes; made once. */
  derived<T>(form: string, make: () => T): T {
    if (!this.#derived.has(form)) this.#derived.set(form, make())
    return this.#derived.get(form) as T
  }
}

/** Takes the encoded items of a list while it is sent. */
export interface ListKeeper {
  /** Copies a part, whose end is the end of an item. */
  add(part: Uint8Array): void
  /** That was all. */
  done(): void
}

interface Slot {
  items: KeptItems | undefined
  bytes: number
  changed: boolean
  usedMs: number
  stop: () => void
  timer: Timer | undefined
}

/**
 * Keeps the encoded items of whole collections that are listed again and again, as long as nothing in them changes: a watch of the
 * store says when. A list is kept when it is asked for a second time within a while.
 */
export class ListCache {
  readonly #store: Store
  readonly #clock: Clock
  /** By resource and prefix, the least recently used first. */
  readonly #slots = new Map<string, Slot>()
  readonly #once = new Map<string, number>()
  #bytes = 0

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** The items below `prefix` as they are now, if they are kept. */
  find(resource: ServedResource, prefix: string): KeptItems | undefined {
    const key = keyOf(resource, prefix)
    const slot = this.#slots.get(key)
    if (!slot) return undefined
    if (slot.changed) {
      this.#drop(key)
      return undefined
    }
    slot.usedMs = this.#clock.monotonic()
    this.#slots.delete(key)
    this.#slots.set(key, slot)
    return slot.items
  }

  /**
   * To be called before a collection is read: what it returns takes the encoded items and keeps them, unless something changed in
   * between. Undefined when this list is not worth it yet, or is too large.
   */
  keeper(resource: ServedResource, prefix: string): ListKeeper | undefined {
    const key = keyOf(resource, prefix)
    if (this.#slots.has(key) || !this.#isSecond(key)) return undefined
    const usedMs = this.#clock.monotonic()
    const slot: Slot = { items: undefined, bytes: 0, changed: false, usedMs, stop: () => {}, timer: undefined }
    slot.stop = this.#store.watch(prefix, this.#store.revision, {
      onEvents: () => this.#onChange(key, slot),
      onError: () => this.#onChange(key, slot),
    })
    this.#slots.set(key, slot)
    this.#dropWhenIdle(key, slot)
    return this.#keeperOf(key, slot)
  }

  /** Lets go of everything. */
  close(): void {
    for (const key of this.#slots.keys()) this.#drop(key)
  }

  #isSecond(key: string): boolean {
    const now = this.#clock.monotonic()
    const before = this.#once.get(key)
    this.#once.set(key, now)
    if (this.#once.size > 1000) this.#once.clear()
    return before !== undefined && now - before < IDLE_MS
  }

  #keeperOf(key: string, slot: Slot): ListKeeper {
    const parts: Uint8Array[] = []
    let bytes = 0
    return {
      add(part) {
        bytes += part.length
        if (bytes <= MOST_BYTES_EACH) parts.push(part.slice())
        else parts.length = 0
      },
      done: () => {
        if (slot.changed || this.#slots.get(key) !== slot) return this.#drop(key)
        // Its place stays taken, so that it is not copied again for nothing.
        if (bytes > MOST_BYTES_EACH) return slot.stop()
        this.#keep(key, slot, new KeptItems(parts), bytes)
      },
    }
  }

  #keep(key: string, slot: Slot, items: KeptItems, bytes: number): void {
    slot.items = items
    slot.bytes = bytes
    this.#bytes += bytes
    for (const other of this.#slots.keys()) {
      if (this.#bytes <= MOST_BYTES) break
      if (other !== key) this.#drop(other)
    }
  }

  /** Not dropped from within the store's delivery: its next use, or the timer, does that. */
  #onChange(key: string, slot: Slot): void {
    slot.changed = true
    if (slot.items) this.#drop(key)
  }

  #drop(key: string): void {
    const slot = this.#slots.get(key)
    if (!slot) return
    this.#slots.delete(key)
    this.#bytes -= slot.bytes
    slot.timer?.cancel()
    slot.stop()
  }

  #dropWhenIdle(key: string, slot: Slot): void {
    slot.timer = this.#clock.setTimer(() => {
      if (this.#clock.monotonic() - slot.usedMs < IDLE_MS) this.#dropWhenIdle(key, slot)
      else this.#drop(key)
    }, IDLE_MS)
  }
}

function keyOf({ definition }: ServedResource, prefix: string): string {
  return `${definition.version} ${prefix}`
}
