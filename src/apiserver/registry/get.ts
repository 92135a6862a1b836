import { notFound } from '../../apimachinery/status.ts'
import type { Call } from '../request/call.ts'
import { type ObjectAnswer, StoredObject } from './answer.ts'
import { parseRevisionBare, waitForRevision } from './revision.ts'
import { type Registry, type ServedResource, storageKey } from './served.ts'

/** GET of one object. */
export async function getObject(registry: Registry, resource: ServedResource, call: Call): Promise<ObjectAnswer> {
  const { namespace, name } = call.info
  const least = call.query.size > 0 ? call.query.get('resourceVersion') : null
  if (least) await waitForRevision(registry, parseRevisionBare(least), call.signal)
  const entry = await registry.store.get(storageKey(resource.definition, namespace, name))
  if (!entry) throw notFound(resource.groupResource, name)
  const object = new StoredObject(resource, entry.value, entry.modRevision)
  return { type: 'object', status: 200, resource, object }
}
