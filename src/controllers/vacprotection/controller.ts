import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types/core/v1.ts'
import type { VolumeAttributesClass } from '../../api/generated/types/storage/v1.ts'
import { persistentVolumeClaims, persistentVolumes, volumeAttributesClasses } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, indexes, watches } from '../../client/controller.ts'

const FINALIZER = 'kubernetes.io/vac-protection'
const BY_CLASS = 'volumeAttributesClass'

/** Keeps a VolumeAttributesClass while a volume or claim uses it or is to get it, and lets it go when none does. */
export const vacProtectionController = defineController({
  name: 'volumeattributesclass-protection',
  for: volumeAttributesClasses,
  watches: [
    watches({ resource: persistentVolumeClaims, keys: (now, old) => left(now && ofClaim(now), old && ofClaim(old)) }),
    watches({ resource: persistentVolumes, keys: (now, old) => left(now && ofVolume(now), old && ofVolume(old)) }),
  ],
  indexes: [indexes(persistentVolumeClaims, BY_CLASS, ofClaim), indexes(persistentVolumes, BY_CLASS, ofVolume)],
  async reconcile(key, { lister, client }) {
    const found = lister(volumeAttributesClasses).get(key)
    if (!found) return done
    const finalizers = found.metadata.finalizers ?? []
    const isProtected = finalizers.includes(FINALIZER)
    if (found.metadata.deletionTimestamp === undefined) {
      if (!isProtected) await write([...finalizers, FINALIZER])
      return done
    }
    const isUsed =
      lister(persistentVolumeClaims).byIndex(BY_CLASS, key).length > 0 ||
      lister(persistentVolumes).byIndex(BY_CLASS, key).length > 0
    if (isProtected && !isUsed) await write(finalizers.filter((name) => name !== FINALIZER))
    return done

    async function write(wanted: string[]): Promise<void> {
      const metadata = { ...found?.metadata, finalizers: wanted }
      try {
        await client(volumeAttributesClasses).update({ ...found, metadata } as VolumeAttributesClass)
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
    }
  },
})

/** The classes that something had and has no more. */
function left(now: readonly string[] | undefined, old: readonly string[] | undefined): string[] {
  return (old ?? []).filter((name) => !now?.includes(name))
}

function ofClaim({ spec, status }: Frozen<PersistentVolumeClaim>): string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return [...new Set(names.flatMap((name) => name || []))]
}

function ofVolume({ spec }: Frozen<PersistentVolume>): string[] {
  return spec.volumeAttributesClassName ? [spec.volumeAttributesClassName] : []
}
