import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { StoredObject, type ListItem } from '../registry/answer.ts'
import type { ServedResource } from '../registry/served.ts'

/** The objects of one resource that somebody still holds, by the revision that wrote them, which writes nothing else. */
class Held {
  readonly #refs = new Map<number, WeakRef<Frozen<KubeObject>>>()
  readonly #gone = new FinalizationRegistry<number>((revision) => {
    if (!this.#refs.get(revision)?.deref()) this.#refs.delete(revision)
  })

  get size(): number {
    return this.#refs.size
  }

  find(revision: number): Frozen<KubeObject> | undefined {
    return this.#refs.get(revision)?.deref()
  }

  add(revision: number, object: Frozen<KubeObject>): void {
    this.#refs.set(revision, new WeakRef(object))
    this.#gone.register(object, revision)
  }
}

/**
 * What clients of this process have been given without its managers. Each keeps a cache of what it follows: one that begins later is
 * given the same objects, as long as another holds them, so that they are decoded and kept once for all.
 */
export class SharedObjects {
  readonly #byResource = new WeakMap<ServedResource, Held>()

  /** An item's object without who manages which field. Nobody may change it. */
  of(item: ListItem): Frozen<KubeObject> {
    if (!(item instanceof StoredObject)) return item.object()
    const { resource, value, revision } = item
    if (revision === 0 || resource.custom || resource.codec.reworks) {
      return resource.codec.decodeWithoutManagers(value, revision)
    }
    const held = this.#heldOf(resource)
    const known = held.find(revision)
    if (known) return known
    const object = resource.codec.decodeWithoutManagers(value, revision)
    held.add(revision, object)
    return object
  }

  #heldOf(resource: ServedResource): Held {
    const held = this.#byResource.get(resource) ?? new Held()
    this.#byResource.set(resource, held)
    return held
  }
}
