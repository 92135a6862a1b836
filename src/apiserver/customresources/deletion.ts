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
      return { action: (crd.metadata.finalizers ?? []).length > 0 ? 'leave' : 'remove' }
    }
    const now = timestamp(env.clock.now())
    const draft = deepCopy(crd) as CustomResourceDefinition & KubeObject
    const finalizers = (draft.metadata.finalizers ??= [])
    if (!finalizers.includes(CLEANUP_FINALIZER)) finalizers.push(CLEANUP_FINALIZER)
    draft.metadata.deletionTimestamp = now
    draft.metadata.deletionGracePeriodSeconds = 0
    if (draft.metadata.generation) draft.metadata.generation++
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
