import type { PersistentVolumeClaim, Pod } from '../../api/generated/types/core/v1.ts'
import { persistentVolumeClaims, pods } from '../../api/index.ts'
import { type Frozen, keyOf } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, indexes, watches } from '../../client/controller.ts'

const FINALIZER = 'kubernetes.io/pvc-protection'
const BY_CLAIM = 'claim'

/** Lets a claim that is to be deleted go when no pod on a node uses it any more. */
export const pvcProtectionController = defineController({
  name: 'pvc-protection',
  for: persistentVolumeClaims,
  wakes: (now) => now?.metadata.deletionTimestamp !== undefined,
  watches: [
    watches({
      resource: pods,
      keys: (now, old) => (now === undefined && old ? claimKeys(old) : []),
    }),
  ],
  indexes: [indexes(pods, BY_CLAIM, (pod) => (pod.spec.nodeName ? claimKeys(pod) : []))],
  async reconcile(key, { lister, client }) {
    const claim = lister(persistentVolumeClaims).get(key)
    const finalizers = claim?.metadata.finalizers ?? []
    if (!claim?.metadata.deletionTimestamp || !finalizers.includes(FINALIZER)) return done
    if (lister(pods).byIndex(BY_CLAIM, key).length > 0) return done
    // The cache may not have seen the newest pod yet.
    const { items } = await client(pods).list({ namespace: claim.metadata.namespace ?? '' })
    if (items.some((pod) => pod.spec.nodeName && claimKeys(pod).includes(key))) return done
    const metadata = { ...claim.metadata, finalizers: finalizers.filter((name) => name !== FINALIZER) }
    try {
      await client(persistentVolumeClaims).update({ ...claim, metadata } as PersistentVolumeClaim)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
    return done
  },
})

/** The claims that the pod names, and those that are made for its ephemeral volumes. */
function claimKeys(pod: Frozen<Pod>): string[] {
  const { namespace, name } = pod.metadata
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    const claim = volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${name}-${volume.name}`)
    return claim ? [keyOf({ metadata: { name: claim, ...(namespace !== undefined && { namespace }) } })] : []
  })
}
