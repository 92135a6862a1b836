import type { Frozen } from '../../apimachinery/meta.ts'
import type { HostPathType, Volume } from '../../api/generated/types/core/v1.ts'
import type { ReferencedObjects } from '../objects/objects.ts'
import { uidOf, type Pod } from '../pod/spec.ts'

const DEFAULT_FS = 'ext4'

/** Where on the node a claimed volume is. */
export interface ClaimedPath {
  readonly path: string
  readonly type: HostPathType
  readonly readOnly: boolean
  /** A block device, to be given to containers as it is. */
  readonly isDevice: boolean
  /** The file system that a local volume gets which is a device without one. */
  readonly fsType: string
  /** A local volume, which may be given to the pod's fsGroup; a hostPath may not. */
  readonly local: boolean
}

/** Follows a claim to its volume, of the kinds that need no driver. Rejects, in upstream's words, when it isn't bound or of another kind. */
export async function claimedPath(pod: Pod, volume: Frozen<Volume>, objects: ReferencedObjects): Promise<ClaimedPath> {
  const { namespace = '', name: podName } = pod.metadata
  const name = volume.persistentVolumeClaim?.claimName ?? `${podName}-${volume.name}`
  const claim = await objects.claim(namespace, name)
  if (!claim)
    throw new Error(`failed to fetch PVC from API server: persistentvolumeclaims ${JSON.stringify(name)} not found`)
  if (claim.metadata.deletionTimestamp !== undefined && !(claim.status?.phase === 'Bound'))
    throw new Error('PVC is being deleted')
  const owner = claim.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (volume.ephemeral && owner?.uid !== uidOf(pod))
    throw new Error(`PVC ${namespace}/${name} was not created for pod ${namespace}/${podName} (pod is not owner)`)
  if (claim.status?.phase !== 'Bound' || !claim.spec.volumeName) throw new Error('PVC is not bound')
  const persistent = await objects.persistentVolume(claim.spec.volumeName)
  if (!persistent) throw new Error(`failed to get PV ${claim.spec.volumeName}: not found`)
  if (persistent.spec.claimRef?.uid !== claim.metadata.uid)
    throw new Error(`claim UID mismatch: PV ${claim.spec.volumeName} is bound to another claim`)
  const readOnly = volume.persistentVolumeClaim?.readOnly ?? false
  const { hostPath, local } = persistent.spec
  const isDevice = persistent.spec.volumeMode === 'Block'
  if (hostPath && !isDevice)
    return { path: hostPath.path, type: hostPath.type ?? '', readOnly, local: false, isDevice, fsType: '' }
  if (local) {
    const { path, fsType = DEFAULT_FS } = local
    return { path, type: isDevice ? 'BlockDevice' : '', readOnly, local: true, isDevice, fsType }
  }
  throw new Error(`no volume plugin matched for volume ${claim.spec.volumeName}`)
}
