import { notFound } from '../../apimachinery/status.ts'
import { andThen } from '../../lib/and-then.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { Call } from '../request/call.ts'
import { type ObjectAnswer, StoredObject } from './answer.ts'
import { parseRevisionBare, waitForRevision } from './revision.ts'
import { type Registry, type ServedResource, storageKey } from './served.ts'

/** GET of one object. */
export function getObject(registry: Registry, resource: ServedResource, call: Call): MaybePromise<ObjectAnswer> {
  const least = call.query.size > 0 ? call.query.get('resourceVersion') : null
  if (!least) return newest(registry, resource, call)
  return waitForRevision(registry, parseRevisionBare(least), call.signal).then(() => newest(registry, resource, call))
}

function newest(registry: Registry, resource: ServedResource, call: Call): MaybePromise<ObjectAnswer> {
  const { namespace, name } = call.info
  return andThen(registry.store.get(storageKey(resource.definition, namespace, name)), (entry) => {
    if (!entry) throw notFound(resource.groupResource, name)
    const object = new StoredObject(resource, entry.value, entry.modRevision)
    return { type: 'object', status: 200, resource, object }
  })
}
