import type { Ending } from '../../apimachinery/codec/json/encode.ts'
import type { Frozen, KubeObject, ListMeta } from '../../apimachinery/meta.ts'
import type { ByteSink } from '../../lib/byte-sink.ts'
import { nextTurn } from '../../lib/turn.ts'
import type { MaybePromise } from '../../store/store.ts'
import { checkPlain } from './codec.ts'
import type { ConnectTarget } from './connect/connector.ts'
import type { KeptItems, ListKeeper } from './list-cache.ts'
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
  /** Begins to read what comes after `first`; undefined when nothing does. */
  readonly rest: (() => ListRest) | undefined
  /** What a list that is no list of objects has besides, and what its items are called there: a Table and its rows. */
  readonly shape?: { readonly items: string; readonly fields: Readonly<Record<string, unknown>> }
  /** All items in JSON, when they are kept; `first` is then empty, and `rest` has all for other forms. */
  readonly kept?: KeptItems
  /** Takes all items in JSON when they have been encoded, to be kept for those who ask next. */
  readonly keep?: ListKeeper
}

/** The items of a list after the first ones. */
export interface ListRest {
  /**
   * Shows the next items to `visit` until it returns false, or enough was done for one turn of the event loop. Says whether more may
   * follow. An item is valid only during the call, but the object that it gives stays.
   */
  step(visit: (item: ListItem) => boolean): MaybePromise<boolean>
}

/** One of a collection, decoded and encoded when asked for. */
export interface ListItem {
  /** About how many bytes it has in JSON. */
  readonly size: number
  object(): Frozen<KubeObject>
  /** Writes it as it stands in a list's JSON: without kind and apiVersion for built-in kinds. */
  writeItem(to: ByteSink): void
  /** Writes it as it stands alone. */
  writeJson(to: ByteSink): void
  /** Writes who it is and its metadata, as PartialObjectMetadata of this version of meta.k8s.io. */
  writePartial(to: ByteSink, version: string): void
  metadata(): Frozen<KubeObject>['metadata']
  /** The same, to stay. */
  kept(): ListItem
}

/** Goes through all items, with turns of the event loop in between. */
export async function forEachItem(
  list: Pick<ListAnswer, 'first' | 'rest'>,
  visit: (item: ListItem) => void,
): Promise<void> {
  for (const item of list.first) visit(item)
  const rest = list.rest?.()
  if (!rest) return
  const see = (item: ListItem): boolean => {
    visit(item)
    return true
  }
  while (await rest.step(see)) await nextTurn()
}

/** The objects of all items, or what `objectOf` makes of them. */
export async function allObjects(
  list: Pick<ListAnswer, 'first' | 'rest'>,
  objectOf = (item: ListItem): Frozen<KubeObject> => item.object(),
): Promise<Frozen<KubeObject>[]> {
  const objects: Frozen<KubeObject>[] = []
  await forEachItem(list, (item) => void objects.push(objectOf(item)))
  return objects
}

/** metav1.ListMeta of a list. */
export function listMeta(list: Pick<ListAnswer, 'revision' | 'continue' | 'remaining'>): ListMeta {
  return {
    resourceVersion: String(list.revision),
    ...(list.continue && { continue: list.continue }),
    ...(list.remaining !== undefined && { remainingItemCount: list.remaining }),
  }
}

/** What a list says before its items. */
export function listHead(list: ListAnswer): Record<string, unknown> {
  const { kind, apiVersion, shape, resource } = list
  const metadata = listMeta(list)
  // Upstream's lists of what has no Go type say that there is no more.
  const isOpen = resource.definition.schema.name === '' && kind === resource.definition.listKind
  return { kind, apiVersion, metadata: isOpen ? { continue: '', ...metadata } : metadata, ...shape?.fields }
}

/** The list as one value, with all its items. `objectOf`: see allObjects. */
export async function wholeList(list: ListAnswer, objectOf?: (item: ListItem) => Frozen<KubeObject>): Promise<unknown> {
  return { ...listHead(list), [list.shape?.items ?? 'items']: await allObjects(list, objectOf) }
}

/** The same as it is written: items of built-in kinds do not say of what kind they are. */
export async function writtenList(list: ListAnswer): Promise<unknown> {
  const { definition, custom } = list.resource
  if (list.shape || custom || list.kind !== definition.listKind) return wholeList(list)
  const items = (await allObjects(list)).map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item)
  return { ...listHead(list), items }
}

/** A stream of events that starts when it is listened to. */
export interface WatchAnswer {
  readonly type: 'watch'
  readonly resource: ServedResource
  /** Whether it begins with what is there already: the listener is told by `taken` when that is over. */
  readonly initial?: boolean
  /** Begins delivery; returns what ends it. */
  start(listener: WatchListener): () => void
}

export interface WatchListener {
  /** Must not throw or block. */
  onEvent(event: WatchFrame): void
  /** An object that is there already: the same as an event ADDED, for who can write it more cheaply. It is good only during the call. */
  onInitial?(item: ListItem): void
  /** The server ends the watch: time is up, or it fell behind. Nothing comes after. */
  onEnd(): void
  /** Until `taken`, events come close together and may be passed on together. */
  hold?(): void
  /** Resolves when the client has taken what came since `hold`, so that a slow one is not sent more than it reads. `last`: it holds no more. */
  taken?(last: boolean): Promise<void>
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
  /** The body is an object of the API, in JSON. */
  readonly isObject?: boolean
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
  /** Beyond those of the client. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

/** An object of the store at a revision. */
export class StoredObject implements ListItem {
  readonly resource: ServedResource
  readonly value: Uint8Array
  readonly revision: number
  #object: Frozen<KubeObject> | undefined

  constructor(resource: ServedResource, value: Uint8Array, revision: number, object?: Frozen<KubeObject>) {
    checkPlain(value)
    this.resource = resource
    this.value = value
    this.revision = revision
    this.#object = object
  }

  get size(): number {
    return this.value.length
  }

  object(): Frozen<KubeObject> {
    return (this.#object ??= this.resource.codec.decode(this.value, this.revision))
  }

  /** Upstream's encoder ends whole answers with a line end. */
  json(ending: Ending = ''): Uint8Array {
    return this.resource.codec.json(this.value, this.revision, ending)
  }

  writeItem(to: ByteSink): void {
    this.resource.codec.writeItem(to, this.value, this.revision)
  }

  writeJson(to: ByteSink): void {
    this.resource.codec.writeJson(to, this.value, this.revision)
  }

  writePartial(to: ByteSink, version: string): void {
    this.resource.codec.writePartial(to, this.value, this.revision, version)
  }

  metadata(): Frozen<KubeObject>['metadata'] {
    return this.#object?.metadata ?? this.resource.codec.metadata(this.value, this.revision)
  }

  kept(): StoredObject {
    return new StoredObject(this.resource, this.value.slice(), this.revision, this.#object)
  }
}
