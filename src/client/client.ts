import type { Frozen, KubeList, KubeObject, ObjectKey } from '../apimachinery/meta.ts'
import type { ResourceDefinition } from '../apimachinery/resource.ts'
import type { Transport } from './transport.ts'

/** A typed API client: `client(pods).get('default/web')`. Failures are StatusErrors, or TransportErrors when no answer came. */
export interface Client {
  <T extends KubeObject>(resource: ResourceDefinition<T>): ResourceClient<T>
  /** For what is no resource: discovery, OpenAPI, /version, health. */
  readonly transport: Transport
}

export interface ListOptions {
  /** Objects come without anything but their metadata, which is less to carry and to keep. */
  readonly metadataOnly?: boolean
  /** Objects may come without metadata.managedFields, from a server that saves something by it. */
  readonly withoutManagers?: boolean
  /** All namespaces when absent. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
}

export interface WatchOptions extends Omit<ListOptions, 'limit' | 'continue'> {
  readonly allowWatchBookmarks?: boolean
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
  readonly signal?: AbortSignal
}

export interface WriteOptions {
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
}

export type PatchType = 'json' | 'merge' | 'strategic'

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: Frozen<T>
}

/** Names an existing object: its key, or the object itself (then uid is not a precondition). */
export type Ref = ObjectKey | { readonly metadata: { readonly name?: string; readonly namespace?: string } }

export interface ResourceClient<T extends KubeObject> {
  get(ref: Ref, options?: { readonly resourceVersion?: string }): Promise<Frozen<T>>
  /** Items carry their apiVersion and kind. */
  list(options?: ListOptions): Promise<Frozen<KubeList<T>>>
  /** Ends when the server ends it or the signal aborts; throws a StatusError for an ERROR event (410 Expired). */
  watch(options?: WatchOptions): AsyncIterable<WatchEvent<T>>
  /** `object` needs no apiVersion or kind; the namespace is taken from its metadata. */
  create(object: Frozen<T> | T, options?: WriteOptions): Promise<Frozen<T>>
  update(object: Frozen<T> | T, options?: WriteOptions): Promise<Frozen<T>>
  updateStatus(object: Frozen<T> | T, options?: WriteOptions): Promise<Frozen<T>>
  patch(
    ref: Ref,
    type: PatchType,
    patch: unknown,
    options?: WriteOptions & { readonly subresource?: string },
  ): Promise<Frozen<T>>
  /** Server-side apply; creates when absent. `fieldManager` defaults to the client's name. */
  apply(
    object: unknown,
    options?: WriteOptions & { readonly force?: boolean; readonly subresource?: string },
  ): Promise<Frozen<T>>
  delete(ref: Ref, options?: DeleteOptions): Promise<void>
  /** The selectors and namespace of `options` choose; without a namespace, everything of the kind. */
  deleteCollection(options?: ListOptions & DeleteOptions): Promise<void>
  /** POST to a subresource: `pods/binding`, `pods/eviction`, `serviceaccounts/token`. */
  createSubresource<R>(ref: Ref, subresource: string, body: unknown): Promise<R>
  getSubresource<R>(ref: Ref, subresource: string): Promise<R>
  updateSubresource<R>(ref: Ref, subresource: string, body: unknown): Promise<R>
}
