import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types/core/v1.ts'
import { PROVISIONED_BY } from '../../api/core/v1/volume-matching.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../api/index.ts'
import { keyOf, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, indexes, watches, type ReconcileContext } from '../../client/controller.ts'
import { setVolumePhase, unbind } from './bind.ts'

type Volume = Frozen<PersistentVolume>
type Claim = Frozen<PersistentVolumeClaim>
type Context = Pick<ReconcileContext, 'client' | 'lister' | 'events'>

const BY_CLAIM = 'claim'
const MIGRATED_TO = 'pv.kubernetes.io/migrated-to'

/** Says of each volume whether it is free, bound or released, and does with the released what their policy says. */
export const volumeReleaser = defineController({
  name: 'persistentvolume-releaser',
  serviceAccount: 'persistent-volume-binder',
  component: 'persistentvolume-controller',
  for: persistentVolumes,
  indexes: [
    indexes(persistentVolumes, BY_CLAIM, ({ spec: { claimRef } }) =>
      claimRef ? [keyOf({ metadata: { namespace: claimRef.namespace ?? '', name: claimRef.name ?? '' } })] : [],
    ),
  ],
  watches: [
    watches({
      resource: persistentVolumeClaims,
      keys: (now, old, { lister }) => {
        const claim = now ?? old
        return claim ? lister(persistentVolumes).byIndex(BY_CLAIM, keyOf(claim)).map(keyOf) : []
      },
    }),
  ],
  async reconcile(key, context) {
    const volume = context.lister(persistentVolumes).get(key)
    if (volume) await sync(volume, context)
    return done
  },
})

async function sync(volume: Volume, context: Context): Promise<void> {
  const { client, events } = context
  const { claimRef, persistentVolumeReclaimPolicy: policy } = volume.spec
  if (!claimRef?.uid) {
    await setVolumePhase(client, volume, 'Available')
    return
  }
  const claim = await claimOf(volume, context)
  if (!claim) return release(volume, context)
  if (claim.spec.volumeName === volume.metadata.name) await setVolumePhase(client, volume, 'Bound')
  else if (claim.spec.volumeName) {
    // The claim has another volume. One that was made for it is of no use to anybody else.
    if (volume.metadata.annotations?.[PROVISIONED_BY] !== undefined && policy === 'Delete')
      await release(volume, context)
    else await unbind(client, volume)
  } else if ((claim.spec.volumeMode ?? 'Filesystem') !== (volume.spec.volumeMode ?? 'Filesystem')) {
    const [ofVolume, ofClaim] = [JSON.stringify(volume.metadata.name), JSON.stringify(claim.metadata.name)]
    const why = 'due to incompatible volumeMode.'
    events.event(
      volume,
      'Warning',
      'VolumeMismatch',
      `Cannot bind PersistentVolume to requested PersistentVolumeClaim ${ofClaim} ${why}`,
    )
    events.event(
      claim,
      'Warning',
      'VolumeMismatch',
      `Cannot bind PersistentVolume ${ofVolume} to requested PersistentVolumeClaim ${why}`,
    )
  }
}

/** The claim that the volume is bound to, if it is still there. The cache may not have the newest claim yet. */
async function claimOf({ spec, status }: Volume, { client, lister }: Context): Promise<Claim | undefined> {
  const { namespace = '', name = '', uid } = spec.claimRef ?? {}
  const key = keyOf({ metadata: { namespace, name } })
  const cached = lister(persistentVolumeClaims).get(key)
  if (cached?.metadata.uid === uid) return cached
  if (!cached && isOver(status?.phase)) return undefined
  const claim = await client(persistentVolumeClaims)
    .get(key)
    .catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) return undefined
      throw error
    })
  return claim?.metadata.uid === uid ? claim : undefined
}

const isOver = (phase: string | undefined): boolean => phase === 'Released' || phase === 'Failed'

async function release(volume: Volume, { client, events }: Context): Promise<void> {
  if (!isOver(volume.status?.phase)) {
    // What the policy says is done when the new phase comes back from the watch.
    await setVolumePhase(client, volume, 'Released')
    return
  }
  const failure = whyNotReclaimed(volume)
  if (failure && (await setVolumePhase(client, volume, 'Failed', failure.message)))
    events.event(volume, 'Warning', failure.reason, failure.message)
}

/** Why a released volume cannot be reclaimed here; undefined when it is to stay as it is, or its driver removes it. */
function whyNotReclaimed({
  metadata,
  spec,
}: Volume): { readonly reason: string; readonly message: string } | undefined {
  const { annotations = {}, name } = metadata
  if (annotations[MIGRATED_TO]) return undefined
  switch (spec.persistentVolumeReclaimPolicy) {
    case 'Retain':
      return undefined
    case 'Recycle':
      return { reason: 'VolumeFailedRecycle', message: 'No recycler plugin found for the volume!' }
    case 'Delete': {
      const provisioner = annotations[PROVISIONED_BY] ?? ''
      if (spec.csi || (provisioner !== '' && !provisioner.startsWith('kubernetes.io/'))) return undefined
      const message = `error getting deleter volume plugin for volume ${JSON.stringify(name)}: no deletable volume plugin matched`
      return { reason: 'VolumeFailedDelete', message }
    }
    default:
      return {
        reason: 'VolumeUnknownReclaimPolicy',
        message: 'Volume has unrecognized PersistentVolumeReclaimPolicy',
      }
  }
}
