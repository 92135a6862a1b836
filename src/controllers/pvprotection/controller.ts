import type { PersistentVolume } from '../../api/generated/types/core/v1.ts'
import { persistentVolumes } from '../../api/index.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done } from '../../client/controller.ts'

const FINALIZER = 'kubernetes.io/pv-protection'

/** Lets a volume that is to be deleted go when it is bound to no claim any more. */
export const pvProtectionController = defineController({
  name: 'pv-protection',
  for: persistentVolumes,
  wakes: (now) => now?.metadata.deletionTimestamp !== undefined,
  async reconcile(key, { lister, client }) {
    const volume = lister(persistentVolumes).get(key)
    const finalizers = volume?.metadata.finalizers ?? []
    if (!volume?.metadata.deletionTimestamp || !finalizers.includes(FINALIZER)) return done
    if (volume.status?.phase === 'Bound') return done
    const metadata = { ...volume.metadata, finalizers: finalizers.filter((name) => name !== FINALIZER) }
    try {
      await client(persistentVolumes).update({ ...volume, metadata } as PersistentVolume)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
    return done
  },
})
