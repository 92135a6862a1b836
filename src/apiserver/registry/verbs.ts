import type { MaybePromise } from '../../store/store.ts'
import { badRequest, notFound } from '../../apimachinery/status.ts'
import { pageNotFound } from '../routes/text.ts'
import { type Call, header, warn } from '../request/call.ts'
import { ALL_MEDIA_TYPES, negotiate, type Offer } from '../request/negotiate.ts'
import { methodNotSupported } from '../../apimachinery/status.ts'
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
  const { deprecation, verbs } = resource.definition
  if (deprecation) call.audit?.annotate('k8s.io/deprecated', 'true')
  if (resource.custom) {
    if (isElsewhere(resource, call)) return pageNotFound()
    if (deprecation) warn(call, deprecation)
  } else checkScope(resource, call)
  if (call.info.subresource) return answerSubresource(registry, resource, call)
  checkMethod(resource, call)
  call.negotiate?.()
  if (deprecation) warn(call, deprecation)
  const { verb, name } = call.info
  if (verb === 'watch' && !verbs.includes('watch')) throw methodNotSupported(resource.groupResource, 'watch')
  checkPathName(name)
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
    if (info.namespace && !(isNamespace && info.name === info.namespace)) throw unknownResource()
    return
  }
  if (info.namespace || info.verb === 'list' || info.verb === 'watch') return
  const spansNamespaces = !info.named && definition.verbs.includes('list')
  throw spansNamespaces ? methodNotAllowed() : unknownResource()
}

const OF_OBJECTS: readonly string[] = ['get', 'update', 'patch', 'delete']
const OF_COLLECTIONS: readonly string[] = ['list', 'create', 'deletecollection']

/** A path that no verb of the resource has is not there; one that has others does not allow this method. */
function checkMethod({ definition, custom }: ServedResource, { info, method }: Call): void {
  const { verbs } = definition as { verbs: readonly string[] }
  if (custom) return checkCustomMethod(verbs, info)
  if (info.legacy) return checkLegacy(verbs, info, method)
  const { named } = info
  const has = named ? OF_OBJECTS : OF_COLLECTIONS
  if (!has.some((verb) => verbs.includes(verb))) throw unknownResource()
  const { verb } = info
  // A watch is asked of what lists, and of a name by what gets.
  const asked = verb !== 'watch' ? verb : named ? 'get' : 'list'
  if (method === 'HEAD' || !has.includes(asked) || !verbs.includes(asked)) throw methodNotAllowed()
}

/** Upstream has no router for custom resources, but one handler for all of their paths. */
function checkCustomMethod(verbs: readonly string[], { verb, name }: Call['info']): void {
  if (!verbs.includes(verb)) throw methodNotAllowed()
  if (verb === 'update' && !name) throw badRequest('name must be provided')
}

function checkLegacy(verbs: readonly string[], { verb, rest }: Call['info'], method: string): void {
  if (verb !== 'watch' || rest !== '' || !verbs.includes('watch')) throw unknownResource()
  if (method !== 'GET') throw methodNotAllowed()
}

/** Names that could not be part of a key of the store. Throws 400. */
function checkPathName(name: string): void {
  if (name === '.' || name === '..') throw nameInvalid(name, `may not be '${name}'`)
  if (name.includes('%')) throw nameInvalid(name, "may not contain '%'")
}

function nameInvalid(name: string, why: string): Error {
  return badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${why}`)
}

function answerSubresource(registry: Registry, resource: ServedResource, call: Call): MaybePromise<Answer> {
  const { subresource: name, verb } = call.info
  const subresource = Object.hasOwn(resource.subresources, name) ? resource.subresources[name] : undefined
  if (!subresource) throw resource.custom ? notFound(resource.groupResource, call.info.name) : unknownResource()
  // Only proxies have paths below them.
  if (call.info.rest !== '' && name !== 'proxy' && !resource.custom) throw unknownResource()
  if (!subresource.verbs.includes(verb))
    throw resource.custom ? methodNotSupported(resource.groupResource, verb) : methodNotAllowed()
  if (!subresource.passesOn) {
    if (call.method === 'HEAD') throw methodNotAllowed()
    call.negotiate?.()
  }
  return subresource.answer(registry, resource, call)
}
