import { parseFieldSelector, selectsFields } from '../../apimachinery/fields/selector.ts'
import { parseLabelSelector } from '../../apimachinery/labels/parse.ts'
import { selects } from '../../apimachinery/labels/selector.ts'
import { timestamp, type Frozen, type KubeObject, type OwnerReference } from '../../apimachinery/meta.ts'
import { alreadyExists, conflict, expired, notFound, StatusError } from '../../apimachinery/status.ts'
import type { Env } from '../../lib/env.ts'
import { nameSuffix, uuid } from '../../lib/random.ts'
import { freeze } from '../informer/freeze.ts'
import type { ApiRequest, ApiResponse, RawWatchEvent, Transport } from '../transport.ts'
import { parsePath, type ParsedPath } from './parse-path.ts'

type Json = Record<string, unknown>
interface Change {
  readonly collection: string
  readonly revision: number
  readonly object: Frozen<KubeObject> | undefined
  readonly previous: Frozen<KubeObject> | undefined
}

/**
 * A small API in memory that knows no kind: enough of create, get, list, watch, update, merge patch and delete (with
 * finalizers) to test clients and controllers by themselves. No validation, defaults, conversion or access control.
 */
export class MemoryApi implements Transport {
  readonly #env: Env
  /** By collection path without the namespace, then by key. */
  readonly #collections = new Map<string, Map<string, Frozen<KubeObject>>>()
  readonly #history: Change[] = []
  readonly #listeners = new Set<() => void>()
  #revision = 0
  #compacted = 0
  /** Every request, as `POST /api/v1/namespaces/default/pods`. */
  readonly requests: string[] = []
  /** Called first with each request; may throw a StatusError or a TransportError to make it fail. */
  intercept: ((request: ApiRequest) => void | Promise<void>) | undefined
  /** Whether `sendInitialEvents` is understood. */
  watchList = true

  constructor(env: Env) {
    this.#env = env
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    this.requests.push(`${request.method} ${request.path}`)
    try {
      await this.intercept?.(request)
      return this.#route(request, parsePath(request.path))
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      return answer(error.code, error.status)
    }
  }

  /** Forgets history: watches from before now are answered with 410. */
  compact(): void {
    this.#compacted = this.#revision
    this.#history.length = 0
  }

  /** Ends every open watch. */
  closeWatches(): void {
    this.#closings++
    for (const listener of this.#listeners) listener()
  }
  #closings = 0

  #route(request: ApiRequest, path: ParsedPath): ApiResponse {
    const { method, body } = request
    if (method === 'GET') {
      if (path.name !== undefined) return answer(200, this.#existing(path))
      return path.query.get('watch') === 'true' ? this.#watch(request, path) : this.#list(path)
    }
    if (method === 'POST')
      return path.subresource ? answer(201, body) : answer(201, this.#create(path, body as KubeObject))
    if (method === 'PUT') return answer(200, this.#update(path, body as KubeObject))
    if (method === 'PATCH') return answer(200, this.#patch(path, body as Json, request.headers?.['content-type'] ?? ''))
    if (path.name !== undefined) return answer(200, this.#delete(path, (body ?? {}) as Json))
    for (const object of this.#select(path))
      this.#delete({ ...path, name: object.metadata.name ?? '', namespace: object.metadata.namespace }, {})
    return answer(200, { kind: 'Status', apiVersion: 'v1', status: 'Success' })
  }

  #objects({ collection }: ParsedPath): Map<string, Frozen<KubeObject>> {
    let objects = this.#collections.get(collection)
    if (!objects) this.#collections.set(collection, (objects = new Map()))
    return objects
  }

  #existing(path: ParsedPath): Frozen<KubeObject> {
    const found = this.#objects(path).get(path.key)
    if (!found) throw notFound({ group: path.group, resource: path.plural }, path.name ?? '')
    return found
  }

  #select(path: ParsedPath): Frozen<KubeObject>[] {
    return [...this.#objects(path).values()].filter((object) => isSelected(object, path))
  }

  #list(path: ParsedPath): ApiResponse {
    const all = this.#select(path)
    const limit = Number(path.query.get('limit') ?? 0) || all.length
    const [start = 0, revision = this.#revision] = (path.query.get('continue') ?? '')
      .split(':')
      .filter(Boolean)
      .map(Number)
    if (revision < this.#compacted) throw expired('The provided continue parameter is too old')
    const end = start + limit
    const metadata = { resourceVersion: String(revision), ...(end < all.length && { continue: `${end}:${revision}` }) }
    return answer(200, { kind: 'List', apiVersion: 'v1', metadata, items: all.slice(start, end) })
  }

  #watch({ signal }: ApiRequest, path: ParsedPath): ApiResponse {
    const initial = path.query.get('sendInitialEvents') === 'true'
    if (initial && !this.watchList)
      throw new StatusError({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        reason: 'Invalid',
        code: 422,
      })
    const from = Number(path.query.get('resourceVersion') ?? 0)
    if (!initial && from < this.#compacted) throw expired('too old resource version')
    return { status: 200, headers: {}, body: undefined, events: this.#stream(path, initial, from, signal) }
  }

  async *#stream(
    path: ParsedPath,
    initial: boolean,
    from: number,
    signal?: AbortSignal,
  ): AsyncGenerator<RawWatchEvent> {
    const closings = this.#closings
    let seen = from
    if (initial) {
      seen = this.#revision
      for (const object of this.#select(path)) yield { type: 'ADDED', object }
      const annotations = { 'k8s.io/initial-events-end': 'true' }
      yield { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(seen), annotations } } }
    }
    for (;;) {
      const change = this.#history.find((c) => c.collection === path.collection && c.revision > seen)
      if (change) {
        seen = change.revision
        const event = eventOf(change, path)
        if (event) yield event
        continue
      }
      if (signal?.aborted || this.#closings !== closings) return
      await new Promise<void>((resolve) => this.#onceChanged(resolve, signal))
    }
  }

  #onceChanged(resolve: () => void, signal?: AbortSignal): void {
    const wake = (): void => {
      this.#listeners.delete(wake)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    this.#listeners.add(wake)
    signal?.addEventListener('abort', wake)
  }

  #create(path: ParsedPath, body: KubeObject): Frozen<KubeObject> {
    const { generateName, namespace = path.namespace } = body.metadata
    const name = body.metadata.name ?? `${generateName ?? ''}${nameSuffix(this.#env.random)}`
    const at = { ...path, name, namespace, key: namespace ? `${namespace}/${name}` : name }
    if (this.#objects(path).has(at.key)) throw alreadyExists({ group: path.group, resource: path.plural }, name)
    const metadata = {
      ...body.metadata,
      name,
      ...(namespace && { namespace }),
      uid: uuid(this.#env.random),
      creationTimestamp: timestamp(this.#env.clock.now()),
      generation: 1,
    }
    return this.#commit(at, { ...body, metadata })
  }

  #update(path: ParsedPath, body: KubeObject): Frozen<KubeObject> {
    const old = this.#existing(path)
    const { resourceVersion } = body.metadata
    if (resourceVersion && resourceVersion !== old.metadata.resourceVersion)
      throw conflict({ group: path.group, resource: path.plural }, path.name ?? '', 'the object has been modified')
    return this.#replace(path, old, body)
  }

  #patch(path: ParsedPath, patch: Json, contentType: string): Frozen<KubeObject> {
    const isApply = contentType.startsWith('application/apply-patch')
    if (isApply && !this.#objects(path).has(path.key)) return this.#create(path, patch as unknown as KubeObject)
    const old = this.#existing(path)
    const { resourceVersion } = (patch['metadata'] ?? {}) as Json
    const patched = mergePatch(old, patch) as KubeObject
    if (resourceVersion === undefined) return this.#replace(path, old, patched)
    return this.#update(path, patched)
  }

  /** The main resource keeps the status, the status subresource keeps all else. */
  #replace(path: ParsedPath, old: Frozen<KubeObject>, body: KubeObject): Frozen<KubeObject> {
    const { status: oldStatus, ...oldRest } = old as unknown as Json
    const { status: newStatus, ...newRest } = body as unknown as Json
    const isStatus = path.subresource === 'status'
    const status = isStatus ? newStatus : oldStatus
    const { uid, creationTimestamp, deletionTimestamp, generation = 1, resourceVersion } = old.metadata
    const isChanged = !isStatus && JSON.stringify(oldRest['spec']) !== JSON.stringify(newRest['spec'])
    const fixed = { uid, creationTimestamp, ...(deletionTimestamp && { deletionTimestamp }), resourceVersion }
    const metadata = {
      ...(isStatus ? old.metadata : body.metadata),
      ...fixed,
      generation: isChanged ? generation + 1 : generation,
    }
    const next = { ...(isStatus ? oldRest : newRest), metadata, ...(status !== undefined && { status }) }
    if (JSON.stringify(next) === JSON.stringify(old)) return old
    if (deletionTimestamp && !metadata.finalizers?.length) return this.#remove(path, old)
    return this.#commit(path, next as unknown as KubeObject)
  }

  #delete(path: ParsedPath, options: Json): Frozen<KubeObject> {
    const at = { ...path, key: path.namespace ? `${path.namespace}/${path.name}` : (path.name ?? '') }
    const old = this.#existing(at)
    const { uid, resourceVersion } = (options['preconditions'] ?? {}) as Json
    if ((uid && uid !== old.metadata.uid) || (resourceVersion && resourceVersion !== old.metadata.resourceVersion))
      throw conflict({ group: path.group, resource: path.plural }, path.name ?? '', 'the precondition failed')
    if (!old.metadata.finalizers?.length) return this.#remove(at, old)
    if (old.metadata.deletionTimestamp) return old
    const deletionTimestamp = timestamp(this.#env.clock.now())
    return this.#commit(at, { ...old, metadata: { ...old.metadata, deletionTimestamp } } as KubeObject)
  }

  #remove(path: ParsedPath, old: Frozen<KubeObject>): Frozen<KubeObject> {
    this.#objects(path).delete(path.key)
    const revision = ++this.#revision
    const previous = freeze({ ...old, metadata: { ...old.metadata, resourceVersion: String(revision) } })
    this.#publish({ collection: path.collection, revision, object: undefined, previous })
    return previous
  }

  #commit(path: ParsedPath, next: Frozen<KubeObject>): Frozen<KubeObject> {
    const revision = ++this.#revision
    const object = freeze(
      structuredClone({ ...next, metadata: { ...next.metadata, resourceVersion: String(revision) } }),
    )
    const previous = this.#objects(path).get(path.key)
    this.#objects(path).set(path.key, object)
    this.#publish({ collection: path.collection, revision, object, previous })
    return object
  }

  #publish(change: Change): void {
    this.#history.push(change)
    for (const listener of this.#listeners) listener()
  }
}

function answer(status: number, body: unknown): ApiResponse {
  return { status, headers: { 'content-type': 'application/json' }, body }
}

/** What a watch of `path` is told of a change: objects come into and go out of a selection by their labels and fields. */
function eventOf({ object, previous }: Change, path: ParsedPath): RawWatchEvent | undefined {
  const was = previous !== undefined && isSelected(previous, path)
  if (object && isSelected(object, path)) return { type: was ? 'MODIFIED' : 'ADDED', object }
  return was ? { type: 'DELETED', object: object ?? previous } : undefined
}

function isSelected(object: Frozen<KubeObject>, { namespace, query }: ParsedPath): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false
  const fields = query.get('fieldSelector')
  const labels = query.get('labelSelector')
  return (
    (!labels || selects(parseLabelSelector(labels), object.metadata.labels)) &&
    (!fields || selectsFields(parseFieldSelector(fields), (field) => valueAt(object, field)))
  )
}

function valueAt(object: unknown, field: string): string {
  const value = field.split('.').reduce<unknown>((at, name) => (at as Json | undefined)?.[name], object)
  return value === undefined ? '' : String(value as string)
}

/** RFC 7386, with one thing of the strategic patch: ownerReferences merge by uid. */
function mergePatch(old: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Json = { ...(isRecord(old) ? old : {}) }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else if (name === 'ownerReferences') result[name] = mergeOwners(result[name], value)
    else result[name] = mergePatch(result[name], value)
  }
  return result
}

function mergeOwners(old: unknown, patch: unknown): OwnerReference[] {
  const owners = new Map(((old ?? []) as OwnerReference[]).map((owner) => [owner.uid, owner]))
  for (const item of patch as (OwnerReference & { $patch?: string })[]) {
    if (item.$patch === 'delete') owners.delete(item.uid)
    else owners.set(item.uid, { ...owners.get(item.uid), ...item })
  }
  return [...owners.values()]
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
