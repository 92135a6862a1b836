import type { CustomResourceDefinition } from '../../api/generated/types/apiextensions/v1.ts'
import { type Frozen, type KubeObject, timestamp } from '../../apimachinery/meta.ts'
import { deepCopy } from '../registry/codec.ts'
import type { ResourceHooks } from '../registry/served.ts'
import { setCondition } from './conditions.ts'

/** Holds a CRD back until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'

/** A CRD is marked first, with the finalizer that its objects' removal takes away. */
export const definitionHooks: ResourceHooks = {
  planDelete(object, _options, env) {
    const crd = object as Frozen<CustomResourceDefinition & KubeObject>
    if (crd.metadata.deletionTimestamp) {
      if ((crd.metadata.finalizers ?? []).length === 0) return { action: 'remove' }
      const again = deepCopy(crd) as CustomResourceDefinition & KubeObject
      again.metadata.deletionGracePeriodSeconds = 0
      return { action: 'mark', object: again }
    }
    const now = timestamp(env.clock.now())
    const draft = deepCopy(crd) as CustomResourceDefinition & KubeObject
    const finalizers = (draft.metadata.finalizers ??= [])
    if (!finalizers.includes(CLEANUP_FINALIZER)) finalizers.push(CLEANUP_FINALIZER)
    draft.metadata.deletionTimestamp = now
    setCondition(
      draft,
      {
        type: 'Terminating',
        status: 'True',
        reason: 'InstanceDeletionPending',
        message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
      },
      now,
    )
    return { action: 'mark', object: draft }
  },
}
