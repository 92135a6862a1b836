import type { MaybePromise } from '../../store/store.ts'
import { badRequest, notFound } from '../../apimachinery/status.ts'
import { pageNotFound } from '../routes/text.ts'
import { type Call, header, warn } from '../request/call.ts'
import { ALL_MEDIA_TYPES, negotiate, type Offer } from '../request/negotiate.ts'
import type { Answer } from './answer.ts'
import { createObject } from './create.ts'
import { deleteCollection } from './delete-collection.ts'
import { deleteObject } from './delete.ts'
import { readDeleteOptions } from './delete-options.ts'
import { getObject } from './get.ts'
import { listObjects } from './list.ts'
import { readWriteOptions } from './options.ts'
import { patchedObject } from './patch.ts'
import { methodNotAllowed, unknownResource } from './refusals.ts'
import type { Registry, ServedResource } from './served.ts'
import { updateObject } from './update.ts'
import { watchObjects } from './watch.ts'

const WITHOUT_TRANSFORM: Offer = { mediaTypes: ALL_MEDIA_TYPES, allows: (target) => target === undefined }

/** Answers a request for a resource itself, past authorization. Throws StatusError. */
export function answerVerb(shared: Registry, resource: ServedResource, call: Call): MaybePromise<Answer> {
  const registry = resource.store ? { ...shared, store: resource.store } : shared
  if (resource.custom) {
    if (isElsewhere(resource, call)) return pageNotFound()
  } else checkScope(resource, call)
  const { deprecation } = resource.definition
  if (deprecation) warn(call, deprecation)
  if (call.info.subresource) return answerSubresource(registry, resource, call)
  const { verb } = call.info
  if (!(resource.definition.verbs as readonly string[]).includes(verb)) throw methodNotAllowed()
  if (verb === 'create' && call.info.name && !resource.custom) throw methodNotAllowed()
  if (verb === 'update' && !call.info.name && resource.custom) throw badRequest('name must be provided')
  if (resource.virtual) {
    // Reviews answer with what was posted: there is no metadata to make a table of.
    if (verb === 'create') negotiate(header(call.headers, 'accept'), WITHOUT_TRANSFORM)
    return resource.virtual(registry, resource, call)
  }
  if (resource.definition.virtual) throw methodNotAllowed()
  switch (verb) {
    case 'get':
      return getObject(registry, resource, call)
    case 'list':
      return listObjects(registry, resource, call)
    case 'watch':
      return watchObjects(registry, resource, call)
    case 'create':
      return createObject(registry, resource, call, readWriteOptions(call, 'CreateOptions'))
    case 'update':
      return updateObject(registry, resource, call, readWriteOptions(call, 'UpdateOptions'))
    case 'patch':
      return patchedObject(registry, resource, call)
    case 'delete':
      return readDeleteOptions(call).then((options) => deleteObject(registry, resource, call, options))
    case 'deletecollection':
      return readDeleteOptions(call).then((options) => deleteCollection(registry, resource, call, options))
    default:
      throw methodNotAllowed()
  }
}

/** Custom resources are only found where they are: a path of another scope leads nowhere. */
function isElsewhere({ definition }: ServedResource, { info }: Call): boolean {
  if (definition.scope === 'Cluster') return info.namespace !== ''
  return info.namespace === '' && info.verb !== 'list' && info.verb !== 'watch'
}

/** Namespaced objects are reached through their namespace, all others are not; lists and watches span all namespaces. */
function checkScope({ definition }: ServedResource, { info }: Call): void {
  const isNamespace = definition.group === '' && definition.plural === 'namespaces'
  if (definition.scope === 'Cluster') {
    if (info.namespace && !isNamespace) throw unknownResource()
    return
  }
  if (info.namespace || info.verb === 'list' || info.verb === 'watch') return
  throw info.verb === 'create' || info.verb === 'deletecollection' ? methodNotAllowed() : unknownResource()
}

function answerSubresource(registry: Registry, resource: ServedResource, call: Call): MaybePromise<Answer> {
  const { subresource: name, verb } = call.info
  const subresource = Object.hasOwn(resource.subresources, name) ? resource.subresources[name] : undefined
  if (!subresource) throw resource.custom ? notFound(resource.groupResource, call.info.name) : unknownResource()
  if (!subresource.verbs.includes(verb)) throw methodNotAllowed()
  return subresource.answer(registry, resource, call)
}
