import { methodNotSupported } from '../../apimachinery/status.ts'
import type { Call } from '../request/call.ts'
import type { Answer } from './answer.ts'
import { createObject } from './create.ts'
import { deleteObject } from './delete.ts'
import { readDeleteOptions } from './delete-options.ts'
import { getObject } from './get.ts'
import { listObjects } from './list.ts'
import { readWriteOptions } from './options.ts'
import type { Registry, ServedResource } from './served.ts'
import { updateObject } from './update.ts'
import { watchObjects } from './watch.ts'

/** Answers a request for a resource itself, past authorization. Throws StatusError. */
export async function answerVerb(registry: Registry, resource: ServedResource, call: Call): Promise<Answer> {
  switch (call.info.verb) {
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
    case 'delete':
      return deleteObject(registry, resource, call, await readDeleteOptions(call))
    default:
      throw methodNotSupported(resource.groupResource, call.info.verb)
  }
}
