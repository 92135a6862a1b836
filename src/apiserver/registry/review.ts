import type { KubeObject } from '../../apimachinery/meta.ts'
import type { Call } from '../request/call.ts'
import { admissionAttributes } from './admit.ts'
import { readObject } from './body.ts'
import { trackUpdate } from './managed-fields.ts'
import { readWriteOptions } from './options.ts'
import type { Registry, ServedResource, VirtualResource } from './served.ts'

/** What a review is answered with. */
export interface ReviewContext {
  readonly registry: Registry
  readonly call: Call
}

/**
 * A kind that is created to ask something and is never stored: decoded, admitted, and answered with itself after `fill` has set its status
 * in place. `fill` throws StatusError to refuse the question.
 */
export function review<T extends KubeObject>(
  fill: (review: T, context: ReviewContext) => Promise<void> | void,
): VirtualResource {
  return async (registry, resource, call) => {
    const object = (await readReview(registry, resource, call)) as T
    await fill(object, { registry, call })
    return { type: 'value', status: 201, value: object }
  }
}

async function readReview(registry: Registry, resource: ServedResource, call: Call): Promise<KubeObject> {
  const options = readWriteOptions(call, 'CreateOptions')
  const object = await readObject(registry, resource, call, options)
  // What is in no namespace cannot be put into one.
  if (resource.definition.scope === 'Cluster') delete object.metadata.namespace
  trackUpdate(registry, resource, call, options, object, undefined)
  if (registry.admission.idle('CREATE')) return object
  const attributes = admissionAttributes(resource, call, 'CREATE', { object, options })
  await registry.admission.mutate(attributes)
  await registry.admission.validate(attributes)
  return object
}
