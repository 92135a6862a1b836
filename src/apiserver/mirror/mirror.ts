import type { Frozen, KubeObject, ObjectKey } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { Env } from '../../lib/env.ts'
import { type Entry, type Store, type StoreEvent } from '../../store/store.ts'

/** What an index maps an object to. */
export type IndexFunction<T> = (object: Frozen<T>) => readonly string[]

/** A store that cannot be read is asked again after so long. */
const RETRY_MS = 1000

const NONE: readonly never[] = []
const decoder = new TextDecoder()

/** The objects of one value of an index; as a list once somebody has asked for it, until it changes. */
interface Indexed<T> {
  readonly objects: Map<ObjectKey, Frozen<T>>
  list: readonly Frozen<T>[] | undefined
}

/**
 * The objects of one resource, parsed and kept in step with the store: what admission and authorization look at on every request. Small
 * resources only (roles, namespaces, quotas); everything is in memory.
 */
export class Mirror<T extends KubeObject> {
  readonly #store: Store
  readonly #prefix: string
  readonly #env: Pick<Env, 'clock' | 'log'>
  readonly #objects = new Map<ObjectKey, Frozen<T>>()
  readonly #indexes = new Map<
    string,
    { readonly values: IndexFunction<T>; readonly entries: Map<string, Indexed<T>> }
  >()
  readonly #listeners: (() => void)[] = []
  #revision = 0
  #generation = 0
  #stop: (() => void) | undefined
  #stopped = false
  #starting: Promise<void> | undefined

  constructor(store: Store, definition: Pick<ResourceDefinition<T>, 'storagePrefix'>, env: Pick<Env, 'clock' | 'log'>) {
    this.#store = store
    this.#prefix = `${definition.storagePrefix}/`
    this.#env = env
  }

  /** Adds an index; before `start`. */
  index(name: string, values: IndexFunction<T>): this {
    this.#indexes.set(name, { values, entries: new Map() })
    return this
  }

  /** Resolves when all that is stored has been read. Calling it again changes nothing. */
  start(): Promise<void> {
    return (this.#starting ??= this.#read())
  }

  stop(): void {
    this.#stopped = true
    this.#stop?.()
    this.#stop = undefined
  }

  /** The object by its key, `namespace/name` or `name`. */
  get(key: ObjectKey): Frozen<T> | undefined {
    return this.#objects.get(key)
  }

  /** Moves with every change, so that what is derived of the objects can be kept until then. */
  get generation(): number {
    return this.#generation
  }

  /** Calls back after changes that come in once the mirror has started; some may be told of together. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  all(): Iterable<Frozen<T>> {
    return this.#objects.values()
  }

  by(index: string, value: string): readonly Frozen<T>[] {
    const found = this.#indexes.get(index)?.entries.get(value)
    return found ? (found.list ??= [...found.objects.values()]) : NONE
  }

  /** The object as it is stored now, past the mirror: for what must not act on old news. */
  async live(key: ObjectKey): Promise<Frozen<T> | undefined> {
    const entry = await this.#store.get(this.#prefix + key)
    return entry && this.#parse(entry)
  }

  async #read(): Promise<void> {
    const range = await this.#store.range(this.#prefix)
    for (const entry of range.entries) this.#set(entry)
    this.#watch(range.revision)
  }

  #watch(after: number): void {
    if (this.#stopped) return
    this.#revision = after
    this.#stop = this.#store.watch(this.#prefix, after, {
      onEvents: (events) => this.#onEvents(events),
      onError: (err) => {
        const fields = { prefix: this.#prefix, revision: this.#revision, err }
        this.#env.log.warn('a mirror lost its watch and reads everything again', fields)
        void this.#readAgain()
      },
    })
  }

  /** Never rejects. */
  async #readAgain(): Promise<void> {
    if (this.#stopped) return
    try {
      const range = await this.#store.range(this.#prefix)
      const gone = new Set(this.#objects.keys())
      for (const entry of range.entries) {
        gone.delete(this.#keyOf(entry.key))
        this.#set(entry)
      }
      for (const key of gone) this.#delete(key)
      for (const listener of this.#listeners) listener()
      this.#watch(range.revision)
    } catch (err) {
      this.#env.log.error('a mirror cannot be read and is tried again', { prefix: this.#prefix, err })
      this.#env.clock.setTimer(() => void this.#readAgain(), RETRY_MS)
    }
  }

  #onEvents(events: readonly StoreEvent[]): void {
    for (const { entry, key, revision } of events) {
      if (entry) this.#set(entry)
      else this.#delete(this.#keyOf(key))
      this.#revision = revision
    }
    for (const listener of this.#listeners) listener()
  }

  #set(entry: Entry): void {
    const key = this.#keyOf(entry.key)
    this.#delete(key)
    const object = this.#parse(entry)
    this.#generation++
    this.#objects.set(key, object)
    for (const { values, entries } of this.#indexes.values()) {
      for (const value of values(object)) {
        const found = entries.get(value)
        if (!found) entries.set(value, { objects: new Map([[key, object]]), list: undefined })
        else {
          found.objects.set(key, object)
          found.list = undefined
        }
      }
    }
  }

  #delete(key: ObjectKey): void {
    const object = this.#objects.get(key)
    if (!object) return
    this.#generation++
    this.#objects.delete(key)
    for (const { values, entries } of this.#indexes.values()) {
      for (const value of values(object)) {
        const found = entries.get(value)
        if (!found) continue
        found.objects.delete(key)
        found.list = undefined
        if (found.objects.size === 0) entries.delete(value)
      }
    }
  }

  #keyOf(storeKey: string): ObjectKey {
    return storeKey.slice(this.#prefix.length)
  }

  #parse(entry: Entry): Frozen<T> {
    const object = JSON.parse(decoder.decode(entry.value)) as T
    object.metadata.resourceVersion = String(entry.modRevision)
    return object as Frozen<T>
  }
}
