import type { ObjectReference, PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types/core/v1.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../api/index.ts'
import { BIND_COMPLETED, BOUND_BY_CONTROLLER, isBoundTo } from '../../api/core/v1/volume-matching.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Client } from '../../client/client.ts'

type Claim = Frozen<PersistentVolumeClaim>
type Volume = Frozen<PersistentVolume>

/** Ties both to each other, the volume first, and says so in their status. Writes only what is not so yet; throws at the first conflict. */
export async function bind(client: Client, volume: Volume, claim: Claim): Promise<void> {
  const boundVolume = await bindVolume(client, volume, claim)
  await setVolumePhase(client, boundVolume, 'Bound')
  const boundClaim = await bindClaim(client, claim, volume)
  await setClaimPhase(client, boundClaim, 'Bound', volume)
}

async function bindVolume(client: Client, volume: Volume, claim: Claim): Promise<Volume> {
  const { claimRef } = volume.spec
  const isOurs = isBoundTo(volume, claim)
  if (isOurs && claimRef?.uid === claim.metadata.uid) return volume
  const annotations = { ...volume.metadata.annotations, ...(!isOurs && { [BOUND_BY_CONTROLLER]: 'yes' }) }
  const metadata = { ...volume.metadata, annotations }
  const spec = { ...volume.spec, claimRef: referenceTo(claim) }
  return client(persistentVolumes).update({ ...volume, metadata, spec } as PersistentVolume)
}

/** What a volume says of the claim that it is bound to. */
export function referenceTo({ metadata }: Claim): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  }
}

async function bindClaim(client: Client, claim: Claim, volume: Volume): Promise<Claim> {
  const { annotations } = claim.metadata
  const isNamed = claim.spec.volumeName === volume.metadata.name
  if (isNamed && annotations?.[BIND_COMPLETED] !== undefined) return claim
  const metadata = {
    ...claim.metadata,
    annotations: { ...annotations, ...(!isNamed && { [BOUND_BY_CONTROLLER]: 'yes' }), [BIND_COMPLETED]: 'yes' },
  }
  const spec = { ...claim.spec, volumeName: volume.metadata.name }
  return client(persistentVolumeClaims).update({ ...claim, metadata, spec } as PersistentVolumeClaim)
}

/** Undoes a binding of ours; of one that somebody else made, the uid alone goes, so that the volume stays reserved. */
export async function unbind(client: Client, volume: Volume): Promise<void> {
  const { claimRef, ...spec } = volume.spec
  const { [BOUND_BY_CONTROLLER]: ours, ...annotations } = volume.metadata.annotations ?? {}
  const { uid: _uid, ...reserved } = claimRef ?? {}
  const free = ours === undefined ? { ...spec, claimRef: reserved } : spec
  const metadata = { ...volume.metadata, annotations }
  const freed = await client(persistentVolumes).update({ ...volume, metadata, spec: free } as PersistentVolume)
  await setVolumePhase(client, freed, 'Available')
}

/** Writes the phase if it is another. Says whether it was. */
export async function setVolumePhase(client: Client, volume: Volume, phase: string, message = ''): Promise<boolean> {
  if (volume.status?.phase === phase) return false
  const { message: _old, ...status } = volume.status ?? {}
  const wanted = { ...status, phase, ...(message !== '' && { message }) }
  await client(persistentVolumes).updateStatus({ ...volume, status: wanted } as PersistentVolume)
  return true
}

/**
 * Writes the claim's phase, and what it has from its volume. Its capacity is the volume's from when it was bound: afterwards it may rightly
 * be less, while a file system is yet to grow. Says whether the phase was another.
 */
export async function setClaimPhase(client: Client, claim: Claim, phase: string, volume?: Volume): Promise<boolean> {
  const {
    accessModes,
    capacity,
    currentVolumeAttributesClassName: attributes,
    phase: old,
    ...rest
  } = claim.status ?? {}
  const isNew = old !== phase
  const fromVolume = volume && {
    accessModes: volume.spec.accessModes,
    capacity: isNew ? volume.spec.capacity : capacity,
    currentVolumeAttributesClassName: old === 'Pending' && isNew ? volume.spec.volumeAttributesClassName : attributes,
  }
  const same = volume
    ? JSON.stringify(accessModes) === JSON.stringify(volume.spec.accessModes)
    : accessModes === undefined && capacity === undefined && attributes === undefined
  if (!isNew && same) return false
  const status = { ...rest, ...fromVolume, phase }
  await client(persistentVolumeClaims).updateStatus({ ...claim, status } as PersistentVolumeClaim)
  return isNew
}
