import { apiVersionOf, keyOf, type Frozen, type KubeObject, type ObjectKey } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { Env } from '../../lib/env.ts'
import type { Client, ListOptions } from '../client.ts'
import type { Lister } from '../controller.ts'
import { ObjectCache, type IndexFunction } from './cache.ts'
import { freeze } from './freeze.ts'
import { reflect, type Sink } from './reflector.ts'
import { revisionOf } from './revision.ts'

/** What an informer's owner wants to hear. Called in the order of events, after the cache has changed; must be quick and not throw. */
export interface EventHandler<T extends KubeObject> {
  /** `initial`: it was there before the informer had synced. */
  onAdd?(object: Frozen<T>, initial: boolean): void
  onUpdate?(now: Frozen<T>, old: Frozen<T>): void
  onDelete?(object: Frozen<T>): void
  /** After each change of the cache, and after each sync, relist and bookmark. */
  onProgress?(): void
}

export interface InformerOptions<T extends KubeObject> {
  readonly client: Client
  readonly resource: ResourceDefinition<T>
  readonly env: Env
  /** Watch only these. */
  readonly scope?: Pick<
    ListOptions,
    'namespace' | 'labelSelector' | 'fieldSelector' | 'metadataOnly' | 'withoutManagers'
  >
  /** Freeze objects deeply, so that whoever changes a shared one is told at once. For tests; costs a walk per object. */
  readonly freeze?: boolean
  /** Makes what is kept out of what came, to keep less of it. Must not change its argument. */
  readonly transform?: (object: Frozen<T>) => Frozen<T>
}

/**
 * Keeps a cache of one resource in step with the API server and tells its handlers what changed. One is shared by all who
 * read that resource in a process.
 */
export class Informer<T extends KubeObject> implements Sink<T> {
  readonly resource: ResourceDefinition<T>
  readonly #options: InformerOptions<T>
  readonly #type: { readonly apiVersion: string; readonly kind: string }
  readonly #cache = new ObjectCache<T>()
  readonly #handlers = new Set<EventHandler<T>>()
  #resourceVersion = ''
  #revision = 0
  #synced = false
  #running: Promise<void> | undefined

  constructor(options: InformerOptions<T>) {
    this.#options = options
    this.resource = options.resource
    this.#type = { apiVersion: apiVersionOf(options.resource), kind: options.resource.kind }
  }

  get lister(): Lister<T> {
    return this.#cache
  }

  /** How many objects are cached. */
  get size(): number {
    return this.#cache.size
  }

  /** Whether the cache holds all there was when the informer started. */
  get synced(): boolean {
    return this.#synced
  }

  /** The resourceVersion up to which every change is in the cache; empty before the first sync. */
  get resourceVersion(): string {
    return this.#resourceVersion
  }

  /** Whether every change up to this resourceVersion is in the cache. */
  hasSeen(resourceVersion: string): boolean {
    return this.#synced && this.#revision >= revisionOf(resourceVersion)
  }

  addIndex(name: string, values: IndexFunction<T>): void {
    this.#cache.addIndex(name, values)
  }

  /** Adds a handler, which first hears of everything that is cached. Returns how to remove it. */
  addHandler(handler: EventHandler<T>): () => void {
    this.#handlers.add(handler)
    if (handler.onAdd) for (const object of this.#cache.list()) this.#guard(() => handler.onAdd?.(object, true))
    return () => void this.#handlers.delete(handler)
  }

  /** Follows the API server until the signal aborts; resolves when it has let go. Calling it again changes nothing. */
  run(signal: AbortSignal): Promise<void> {
    const { client, resource, env, scope = {} } = this.#options
    const { steady = false } = client.transport
    const options = { resource: client(resource), env, scope, signal, steady, name: resource.plural }
    return (this.#running ??= reflect(this, options))
  }

  // What the reflector found, see Sink.

  replace(objects: Iterable<Frozen<T>>, resourceVersion: string): void {
    const gone = new Set(this.#cache.keys())
    for (const object of objects) {
      gone.delete(keyOf(object))
      this.#put(object)
    }
    for (const key of gone) this.#remove(key)
    this.#synced = true
    this.progress(resourceVersion)
  }

  upsert(object: Frozen<T>): void {
    this.#put(object)
    this.progress(object.metadata.resourceVersion ?? '')
  }

  remove(object: Frozen<T>): void {
    this.#remove(keyOf(object), object)
    this.progress(object.metadata.resourceVersion ?? '')
  }

  progress(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion
    this.#revision = revisionOf(resourceVersion)
    for (const handler of this.#handlers) this.#guard(() => handler.onProgress?.())
  }

  #put(came: Frozen<T>): void {
    const key = keyOf(came)
    const known = this.#cache.get(key)
    if (known && known.metadata.resourceVersion === came.metadata.resourceVersion && sameObject(known, came)) return
    const object = this.#prepare(came)
    if (known && !sameObject(known, object)) this.#remove(key)
    const old = this.#cache.set(key, object)
    for (const handler of this.#handlers) {
      this.#guard(() => (old ? handler.onUpdate?.(object, old) : handler.onAdd?.(object, !this.#synced)))
    }
  }

  /** `last`: the object's final state, when the server told it. */
  #remove(key: ObjectKey, last?: Frozen<T>): void {
    const known = this.#cache.delete(key)
    if (!known) return
    const object = last ? this.#prepare(last) : known
    for (const handler of this.#handlers) this.#guard(() => handler.onDelete?.(object))
  }

  #prepare(came: Frozen<T>): Frozen<T> {
    const { transform, freeze: freezing } = this.#options
    const typed = came.kind && came.apiVersion ? came : { ...this.#type, ...came }
    const kept = transform ? transform(typed) : typed
    return freezing ? freeze(kept) : kept
  }

  #guard(call: () => void): void {
    try {
      call()
    } catch (err) {
      this.#options.env.log.error('informer handler failed', { resource: this.resource.plural, err })
    }
  }
}

function sameObject(a: Frozen<KubeObject>, b: Frozen<KubeObject>): boolean {
  return a.metadata.uid === b.metadata.uid
}
