import type { PersistentVolume } from '../../api/generated/types/core/v1.ts'
import { persistentVolumes } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../../client/client.ts'
import { defineController, done, type ControllerDefinition } from '../../client/controller.ts'
import { FINALIZER, isToLetGo, isToRemove, nodeOf } from './plan.ts'
import type { LocalVolumesOptions } from './run.ts'

/** Removes the folders of volumes that nobody has any more, and then the volumes. */
export function volumeRemover({
  folders,
  nodeNames,
  component,
}: LocalVolumesOptions): ControllerDefinition<PersistentVolume> {
  return defineController({
    name: 'local-volume-remover',
    component,
    for: persistentVolumes,
    wakes: (now) => now !== undefined && nodeNames.has(nodeOf(now) ?? '') && (isToRemove(now) || isToLetGo(now)),
    async reconcile(key, { lister, client, events }) {
      const volume = lister(persistentVolumes).get(key)
      if (!volume || !nodeNames.has(nodeOf(volume) ?? '')) return done
      if (isToLetGo(volume)) await letGo(client, volume)
      if (!isToRemove(volume)) return done
      try {
        await folders.remove(volume.metadata.name ?? '')
      } catch (error) {
        events.event(volume, 'Warning', 'VolumeFailedDelete', error instanceof Error ? error.message : String(error))
        throw error
      }
      if (!volume.metadata.deletionTimestamp) await client(persistentVolumes).delete(volume).catch(unlessGone)
      await letGo(client, volume)
      return done
    },
  })
}

/** Takes our finalizer away, and no other's. */
async function letGo(client: Client, { metadata }: Frozen<PersistentVolume>): Promise<void> {
  const now = await client(persistentVolumes)
    .get(metadata.name ?? '')
    .catch((error: unknown) => unlessGone(error))
  if (now?.metadata.uid !== metadata.uid || !now?.metadata.finalizers?.includes(FINALIZER)) return
  const { resourceVersion, finalizers } = now.metadata
  const rest = finalizers.filter((one) => one !== FINALIZER)
  const patch = { metadata: { resourceVersion, finalizers: rest } }
  await client(persistentVolumes).patch(now, 'merge', patch).catch(unlessGone)
}

function unlessGone(error: unknown): undefined {
  if (!hasReason(error, 'NotFound')) throw error
}
