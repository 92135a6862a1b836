import type { Namespace } from '../../api/generated/types/core/v1.ts'
import { type Frozen, type KubeObject, timestamp } from '../../apimachinery/meta.ts'
import { deepCopy } from './codec.ts'
import type { DeleteOptions } from './delete-options.ts'
import { finalizersFor, sameFinalizers } from './finalizers.ts'
import type { ResourceHooks } from './served.ts'

/**
 * Namespaces end in two steps: DELETE marks them Terminating, and they go when the namespace controller has emptied them and
 * taken its finalizer out of spec.
 */
export const namespaceHooks: ResourceHooks = {
  planDelete(object, options, env) {
    const namespace = object as Frozen<Namespace>
    if (!namespace.metadata.deletionTimestamp) {
      return { action: 'mark', object: terminating(namespace, options, timestamp(env.clock.now())) }
    }
    const waits = (namespace.spec?.finalizers?.length ?? 0) > 0 || (namespace.metadata.finalizers?.length ?? 0) > 0
    return { action: waits ? 'leave' : 'remove' }
  },
  removesEmptied: (draft) => ((draft as Frozen<Namespace>).spec?.finalizers?.length ?? 0) === 0,
}

function terminating(namespace: Frozen<Namespace>, options: DeleteOptions, now: string): KubeObject {
  const draft = deepCopy(namespace) as Namespace & KubeObject
  draft.metadata.deletionTimestamp = now
  draft.status = { ...draft.status, phase: 'Terminating' }
  const finalizers = finalizersFor({ defaultPropagation: 'Background' }, options, namespace as Frozen<KubeObject>)
  if (!sameFinalizers(finalizers, namespace.metadata.finalizers ?? [])) draft.metadata.finalizers = finalizers
  return draft
}
