import type { Frozen, KubeObject, ListMeta } from '../../apimachinery/meta.ts'
import type { ConnectTarget } from './connect/connector.ts'
import type { KeptItems } from './list-cache.ts'
import type { ServedResource } from './served.ts'

/** What a request comes to, before it is encoded for whoever asked. */
export type Answer = ObjectAnswer | ValueAnswer | ListAnswer | WatchAnswer | RawAnswer | StreamAnswer | UpgradeAnswer

/** One stored object, as bytes and as a shared decoded object, each made when first asked for. */
export interface ObjectAnswer {
  readonly type: 'object'
  readonly status: number
  readonly resource: ServedResource
  readonly object: StoredObject
}

/** A JSON value with kind and apiVersion that is not stored, such as a Status or a Scale. */
export interface ValueAnswer {
  readonly type: 'value'
  readonly status: number
  readonly value: unknown
}

/** A collection at one revision, page by page so that nobody holds it whole. */
export interface ListAnswer {
  readonly type: 'list'
  readonly resource: ServedResource
  /** The list's own kind and apiVersion. */
  readonly kind: string
  readonly apiVersion: string
  readonly revision: number
  /** Known before the first item, as it stands first in the answer. */
  readonly continue: string
  readonly remaining: number | undefined
  readonly first: readonly ListItem[]
  /** Pages after the first. */
  rest(): AsyncIterable<readonly ListItem[]>
  /** All items in JSON, when they are kept; `first` is then empty, and `rest` has all for other forms. */
  readonly kept?: KeptItems
  /** Takes all items in JSON when they have been encoded, to be kept for those who ask next. */
  readonly keep?: (parts: readonly Uint8Array[]) => void
}

/** One of a collection, decoded and encoded when first asked for. */
export interface ListItem {
  object(): Frozen<KubeObject>
  /** As it stands in a list's JSON: without kind and apiVersion for built-in kinds. */
  itemJson(): Uint8Array
}

/** metav1.ListMeta of a list. */
export function listMeta(list: Pick<ListAnswer, 'revision' | 'continue' | 'remaining'>): ListMeta {
  return {
    resourceVersion: String(list.revision),
    ...(list.continue && { continue: list.continue }),
    ...(list.remaining !== undefined && { remainingItemCount: list.remaining }),
  }
}

/** A stream of events that starts when it is listened to. */
export interface WatchAnswer {
  readonly type: 'watch'
  readonly resource: ServedResource
  /** Begins delivery; returns what ends it. */
  start(listener: WatchListener): () => void
}

export interface WatchListener {
  /** Must not throw or block. */
  onEvent(event: WatchFrame): void
  /** The server ends the watch: time is up, or it fell behind. Nothing comes after. */
  onEnd(): void
}

/** One event, shared by all who get the same. */
export interface WatchFrame {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  /** The object, or for ERROR a Status, for BOOKMARK an object with only metadata.resourceVersion and annotations. */
  object(): Frozen<KubeObject>
  /** The object's JSON bytes. */
  json(): Uint8Array
  /** `{"type":…,"object":…}` and a line end; made once for all. */
  line(): Uint8Array
  /** What is made of this frame for one form of answer, such as its metadata alone or its protobuf; made once for all. */
  derived<T>(form: string, make: () => T): T
}

/** Text or bytes as they are. */
export interface RawAnswer {
  readonly type: 'raw'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
}

/** Bytes from elsewhere, as they come: a log, a proxied answer. */
export interface StreamAnswer {
  readonly type: 'stream'
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: AsyncIterable<Uint8Array>
}

/** The connection itself is to be joined with one to `target`. */
export interface UpgradeAnswer {
  readonly type: 'upgrade'
  readonly kind: 'remote-command' | 'port-forward' | 'proxy'
  readonly target: ConnectTarget
}

/** An object of the store at a revision. */
export class StoredObject implements ListItem {
  readonly #resource: ServedResource
  readonly value: Uint8Array
  readonly revision: number
  #object: Frozen<KubeObject> | undefined

  constructor(resource: ServedResource, value: Uint8Array, revision: number, object?: Frozen<KubeObject>) {
    this.#resource = resource
    this.value = value
    this.revision = revision
    this.#object = object
  }

  object(): Frozen<KubeObject> {
    return (this.#object ??= this.#resource.codec.decode(this.value, this.revision))
  }

  json(): Uint8Array {
    return this.#resource.codec.json(this.value, this.revision)
  }

  itemJson(): Uint8Array {
    return this.#resource.codec.itemJson(this.value, this.revision)
  }
}
