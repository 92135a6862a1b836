import { methodNotSupported } from '../../../apimachinery/status.ts'
import { getObject } from '../get.ts'
import { readWriteOptions } from '../options.ts'
import { patchedObject } from '../patch.ts'
import { updateObject } from '../update.ts'
import type { Subresource } from './subresource.ts'

/**
 * A subresource that has the object's own kind: status, finalize, approval, resize, ephemeralcontainers. Which part of the object
 * it may write is decided in beforeUpdate and by the definition.
 */
export function objectSubresource(verbs: readonly string[]): Subresource {
  return {
    verbs,
    async answer(registry, resource, call) {
      switch (call.info.verb) {
        case 'get':
          return getObject(registry, resource, call)
        case 'update':
          return updateObject(registry, resource, call, readWriteOptions(call, 'UpdateOptions'))
        case 'patch':
          return patchedObject(registry, resource, call)
        default:
          throw methodNotSupported(resource.groupResource, call.info.verb)
      }
    },
  }
}
