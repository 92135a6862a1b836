import type { Call } from '../request/call.ts'
import type { ObjectAnswer } from './answer.ts'
import { mutate } from './admit.ts'
import { readObject } from './body.ts'
import { change } from './change.ts'
import { deepCopy } from './codec.ts'
import { trackUpdate } from './managed-fields.ts'
import { dedupOwnerReferences, matchName, matchNamespace } from './metadata.ts'
import type { WriteOptions } from './options.ts'
import type { Registry, ServedResource } from './served.ts'

/** PUT of an object or of one of its subresources that has the object's own kind. */
export async function updateObject(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const sent = await readObject(registry, resource, call, options)
  const { name, namespace, subresource } = call.info
  matchNamespace(resource.definition, sent, namespace)
  matchName(sent, name, namespace)
  dedupOwnerReferences(sent, call, false)
  return change(registry, resource, call, options, {
    async next(current) {
      const draft = deepCopy(sent)
      trackUpdate(registry, resource, call, options, draft, current)
      await mutate(registry, resource, call, options, draft, current)
      return draft
    },
    uid: sent.metadata.uid,
    createsAbsent: subresource === '' && resource.definition.allowCreateOnUpdate,
  })
}
