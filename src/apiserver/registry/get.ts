import { badRequest, notFound } from '../../apimachinery/status.ts'
import { andThen } from '../../lib/and-then.ts'
import type { MaybePromise, ReadOptions } from '../../store/store.ts'
import type { Call } from '../request/call.ts'
import { isTrue } from '../request/info.ts'
import { type ObjectAnswer, StoredObject } from './answer.ts'
import { parseRevisionBare, waitForRevision } from './revision.ts'
import { type Registry, type ServedResource, storageKey } from './served.ts'

const NEWEST: ReadOptions = {}
const AS_KNOWN: ReadOptions = { stale: true }

/** GET of one object. */
export function getObject(registry: Registry, resource: ServedResource, call: Call): MaybePromise<ObjectAnswer> {
  if (call.query.size > 0) checkRetired(call.query)
  const least = call.query.size > 0 ? call.query.get('resourceVersion') : null
  if (!least) return stored(registry, resource, call, NEWEST)
  const reached = waitForRevision(registry, parseRevisionBare(least), call.signal)
  return reached.then(() => stored(registry, resource, call, AS_KNOWN))
}

/** Throws 400 for what could be asked until v1.14. */
function checkRetired(query: URLSearchParams): void {
  if (isTrue(query.get('export'))) {
    throw badRequest('the export parameter, deprecated since v1.14, is no longer supported')
  }
}

function stored(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: ReadOptions,
): MaybePromise<ObjectAnswer> {
  const { namespace, name } = call.info
  return andThen(registry.store.get(storageKey(resource.definition, namespace, name), options), (entry) => {
    if (!entry) throw notFound(resource.groupResource, name)
    const object = new StoredObject(resource, entry.value, entry.modRevision)
    return { type: 'object', status: 200, resource, object }
  })
}
