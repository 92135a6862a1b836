import { controllerOf, keyOf, type Frozen, type KubeObject, type ObjectKey } from '../../apimachinery/meta.ts'
import type { Lister } from '../controller.ts'

/** Which index values an object stands under. */
export type IndexFunction<T> = (object: Frozen<T>) => readonly string[]

type Bucket<T> = Map<ObjectKey, Frozen<T>>

interface Index<T> {
  readonly values: IndexFunction<T>
  /** By value; undefined until somebody first asks, so that an index that nobody reads costs nothing. */
  buckets: Map<string, Bucket<T>> | undefined
}

const NAMESPACE = '\0namespace'
const CONTROLLER = '\0controller'
const NONE: readonly never[] = []

/** What an informer knows: objects by key, and indexes that are built when first read. Objects are shared, never copied. */
export class ObjectCache<T extends KubeObject> implements Lister<T> {
  readonly #objects: Bucket<T> = new Map()
  readonly #indexes = new Map<string, Index<T>>()
  #all: readonly Frozen<T>[] | undefined

  constructor() {
    this.addIndex(NAMESPACE, (object) => [object.metadata.namespace ?? ''])
    this.addIndex(CONTROLLER, (object) => {
      const owner = controllerOf(object)
      return owner ? [owner.uid] : NONE
    })
  }

  get size(): number {
    return this.#objects.size
  }

  /** Declares an index. One of that name that is there already stays. */
  addIndex(name: string, values: IndexFunction<T>): void {
    if (!this.#indexes.has(name)) this.#indexes.set(name, { values, buckets: undefined })
  }

  get(key: ObjectKey): Frozen<T> | undefined {
    return this.#objects.get(key)
  }

  list(namespace?: string): readonly Frozen<T>[] {
    return namespace === undefined ? (this.#all ??= [...this.#objects.values()]) : this.byIndex(NAMESPACE, namespace)
  }

  controlledBy(owner: Frozen<KubeObject>): readonly Frozen<T>[] {
    return this.byIndex(CONTROLLER, owner.metadata.uid ?? '')
  }

  byIndex(name: string, value: string): readonly Frozen<T>[] {
    const bucket = this.#bucketsOf(name).get(value)
    return bucket ? [...bucket.values()] : NONE
  }

  /** All values of an index that have objects. */
  indexValues(name: string): IterableIterator<string> {
    return this.#bucketsOf(name).keys()
  }

  keys(): IterableIterator<ObjectKey> {
    return this.#objects.keys()
  }

  /** Puts an object in; returns what it replaces. */
  set(key: ObjectKey, object: Frozen<T>): Frozen<T> | undefined {
    const old = this.#objects.get(key)
    this.#objects.set(key, object)
    this.#all = undefined
    for (const index of this.#indexes.values()) reindex(index, key, old, object)
    return old
  }

  /** Takes an object out; returns it. */
  delete(key: ObjectKey): Frozen<T> | undefined {
    const old = this.#objects.get(key)
    if (!old) return undefined
    this.#objects.delete(key)
    this.#all = undefined
    for (const index of this.#indexes.values()) reindex(index, key, old, undefined)
    return old
  }

  #bucketsOf(name: string): Map<string, Bucket<T>> {
    const index = this.#indexes.get(name)
    if (!index) throw new Error(`no index named ${name}`)
    if (index.buckets) return index.buckets
    index.buckets = new Map()
    for (const object of this.#objects.values()) reindex(index, keyOf(object), undefined, object)
    return index.buckets
  }
}

function reindex<T>(
  { values, buckets }: Index<T>,
  key: ObjectKey,
  old: Frozen<T> | undefined,
  now: Frozen<T> | undefined,
): void {
  if (!buckets) return
  const added = now === undefined ? NONE : values(now)
  for (const value of old === undefined ? NONE : values(old)) {
    if (added.includes(value)) continue
    const bucket = buckets.get(value)
    bucket?.delete(key)
    if (bucket?.size === 0) buckets.delete(value)
  }
  for (const value of added) {
    let bucket = buckets.get(value)
    if (!bucket) buckets.set(value, (bucket = new Map()))
    bucket.set(key, now as Frozen<T>)
  }
}
