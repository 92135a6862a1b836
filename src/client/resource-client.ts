import { apiVersionOf, splitKey, type Frozen, type KubeList, type KubeObject } from '../apimachinery/meta.ts'
import type { ResourceDefinition } from '../apimachinery/resource.ts'
import { internalError, StatusError, type Status } from '../apimachinery/status.ts'
import type { Call } from './caller.ts'
import type {
  DeleteOptions,
  ListOptions,
  PatchType,
  Ref,
  ResourceClient,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts'
import { queryString, resourcePath, type PathTarget } from './paths.ts'

interface Context<T extends KubeObject> {
  readonly resource: ResourceDefinition<T>
  readonly call: Call
  readonly userAgent: string
}

const PATCH_TYPES: Readonly<Record<PatchType | 'apply', { readonly 'content-type': string }>> = {
  json: { 'content-type': 'application/json-patch+json' },
  merge: { 'content-type': 'application/merge-patch+json' },
  strategic: { 'content-type': 'application/strategic-merge-patch+json' },
  apply: { 'content-type': 'application/apply-patch+yaml' },
}

const acceptMetadata = (kind: string): { readonly headers: { readonly accept: string } } => ({
  headers: { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json` },
})
const LEAN = { withoutManagers: true }
const METADATA = acceptMetadata('PartialObjectMetadata')
const METADATA_LIST = acceptMetadata('PartialObjectMetadataList')

/** The operations on one resource. */
export function resourceClient<T extends KubeObject>(
  resource: ResourceDefinition<T>,
  { call, userAgent }: { readonly call: Call; readonly userAgent: string },
): ResourceClient<T> {
  const context: Context<T> = { resource, call, userAgent }
  const path = (target: PathTarget): string => resourcePath(resource, target)
  const answer = async <R = Frozen<T>>(request: Parameters<Call>[0]): Promise<R> => (await call(request)).body as R
  return {
    get: (ref, options) => answer({ method: 'GET', path: path(target(ref)) + queryString({ ...options }) }),
    list: (options = {}) => list(context, options),
    watch: (options = {}) => watch(context, options),
    create: (object, options) =>
      answer({
        method: 'POST',
        path: path({ namespace: object.metadata.namespace }) + writeQuery(options),
        body: typed(resource, object),
      }),
    update: (object, options) =>
      answer({ method: 'PUT', path: path(target(object)) + writeQuery(options), body: typed(resource, object) }),
    updateStatus: (object, options) =>
      answer({
        method: 'PUT',
        path: path(target(object, 'status')) + writeQuery(options),
        body: typed(resource, object),
      }),
    patch: (ref, type, patch, options) =>
      answer({
        method: 'PATCH',
        path: path(target(ref, options?.subresource)) + writeQuery(options),
        headers: PATCH_TYPES[type],
        body: patch,
      }),
    apply: (object, options) => apply(context, object as Frozen<T>, options),
    delete: async (ref, options) => {
      await call({ method: 'DELETE', path: path(target(ref)), ...deleteBody(options) })
    },
    deleteCollection: (options = {}) => deleteCollection(context, options),
    createSubresource: (ref, subresource, body) =>
      answer({ method: 'POST', path: path(target(ref, subresource)), body }),
    getSubresource: (ref, subresource) => answer({ method: 'GET', path: path(target(ref, subresource)) }),
    updateSubresource: (ref, subresource, body) =>
      answer({ method: 'PUT', path: path(target(ref, subresource)), body }),
  }
}

function target(ref: Ref, subresource?: string): PathTarget {
  return typeof ref === 'string'
    ? { ...splitKey(ref), subresource }
    : { namespace: ref.metadata.namespace, name: ref.metadata.name ?? '', subresource }
}

/** The object with its type; itself when it already has one. */
function typed<T extends KubeObject>(resource: ResourceDefinition<T>, object: Frozen<T> | T): unknown {
  if (object.apiVersion && object.kind) return object
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }
}

function writeQuery(options: (WriteOptions & { readonly force?: boolean }) | undefined): string {
  if (!options) return ''
  const { dryRun, fieldManager, fieldValidation, force } = options
  return queryString({ dryRun: dryRun ? 'All' : undefined, fieldManager, fieldValidation, force })
}

function deleteBody(options: DeleteOptions | undefined): { readonly body?: unknown } {
  if (!options) return {}
  const { dryRun, gracePeriodSeconds, propagationPolicy, preconditions } = options
  return {
    body: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      ...(propagationPolicy && { propagationPolicy }),
      ...(preconditions && { preconditions }),
      ...(dryRun && { dryRun: ['All'] }),
    },
  }
}

async function list<T extends KubeObject>(
  { resource, call }: Context<T>,
  { namespace, metadataOnly, withoutManagers, ...query }: ListOptions,
): Promise<Frozen<KubeList<T>>> {
  const path = resourcePath(resource, { namespace }) + queryString({ ...query })
  const { body } = await call({ method: 'GET', path, ...(metadataOnly && METADATA_LIST), ...(withoutManagers && LEAN) })
  const answered = body as Frozen<KubeList<T>>
  const items = answered.items ?? []
  if (!metadataOnly && items.every((item) => item.kind && item.apiVersion))
    return answered.items ? answered : { ...answered, items }
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind }
  return { ...answered, items: items.map((item) => ({ ...item, ...type })) }
}

async function* watch<T extends KubeObject>(
  { resource, call }: Context<T>,
  { namespace, signal, metadataOnly, withoutManagers, ...query }: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const path = resourcePath(resource, { namespace }) + queryString({ watch: true, ...query })
  const { events } = await call({
    method: 'GET',
    path,
    ...(metadataOnly && METADATA),
    ...(withoutManagers && LEAN),
    ...(signal && { signal }),
  })
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind }
  if (!events) throw internalError(`the server answered a watch of ${resource.plural} with no stream`)
  for await (const event of events) {
    if (event.type === 'ERROR') throw new StatusError(event.object as Status)
    const typed = metadataOnly ? { ...event, object: { ...(event.object as object), ...type } } : event
    yield typed as WatchEvent<T>
  }
}

async function apply<T extends KubeObject>(
  { resource, call, userAgent }: Context<T>,
  object: Frozen<T>,
  options: (WriteOptions & { readonly force?: boolean; readonly subresource?: string }) | undefined,
): Promise<Frozen<T>> {
  const query = writeQuery({ ...options, fieldManager: options?.fieldManager ?? userAgent.split('/', 1)[0] })
  const { body } = await call({
    method: 'PATCH',
    path: resourcePath(resource, target(object, options?.subresource)) + query,
    headers: PATCH_TYPES.apply,
    body: typed(resource, object),
  })
  return body as Frozen<T>
}

async function deleteCollection<T extends KubeObject>(
  { resource, call }: Context<T>,
  options: ListOptions & DeleteOptions,
): Promise<void> {
  const {
    namespace,
    metadataOnly: _,
    labelSelector,
    fieldSelector,
    limit,
    resourceVersion,
    resourceVersionMatch,
    ...deletion
  } = options
  const query = queryString({
    labelSelector,
    fieldSelector,
    limit,
    continue: options.continue,
    resourceVersion,
    resourceVersionMatch,
  })
  await call({ method: 'DELETE', path: resourcePath(resource, { namespace }) + query, ...deleteBody(deletion) })
}
