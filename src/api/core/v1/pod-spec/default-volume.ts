import type {
  AzureDiskVolumeSource,
  DownwardAPIVolumeFile,
  ISCSIPersistentVolumeSource,
  ISCSIVolumeSource,
  PersistentVolumeClaimSpec,
  ProjectedVolumeSource,
  RBDPersistentVolumeSource,
  RBDVolumeSource,
  ScaleIOPersistentVolumeSource,
  ScaleIOVolumeSource,
  HostPathVolumeSource,
  Volume,
} from '../../../generated/types/core/v1.ts'
import { roundUpQuantities } from '../resource-list.ts'
import { defaultPullPolicy } from './image-name.ts'

/** 0644: what files of configMap, secret, downwardAPI and projected volumes get. */
const FILE_MODE = 0o644

/** SetDefaults_Volume and what lies below it: a volume without a source is an emptyDir. */
export function defaultVolume(volume: Volume): void {
  const { name: _, ...sources } = volume
  if (Object.values(sources).every((source) => source == null)) volume.emptyDir = {}
  if (volume.secret) volume.secret.defaultMode ??= FILE_MODE
  if (volume.configMap) volume.configMap.defaultMode ??= FILE_MODE
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= FILE_MODE
    volume.downwardAPI.items?.forEach(defaultDownwardFile)
  }
  if (volume.projected) defaultProjected(volume.projected)
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference)
  const claim = volume.ephemeral?.volumeClaimTemplate
  if (claim) defaultClaimSpec((claim.spec ??= {}))
  defaultAttachedSource(volume)
}

function defaultDownwardFile(file: DownwardAPIVolumeFile): void {
  if (file.fieldRef) file.fieldRef.apiVersion ||= 'v1'
  if (file.resourceFieldRef) file.resourceFieldRef.divisor ??= '0'
}

function defaultProjected(projected: ProjectedVolumeSource): void {
  projected.defaultMode ??= FILE_MODE
  for (const source of projected.sources ?? []) {
    source.downwardAPI?.items?.forEach(defaultDownwardFile)
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600
  }
}

/** SetDefaults_PersistentVolumeClaimSpec. */
export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem'
  spec.resources ??= {}
  roundUpQuantities(spec.resources.limits)
  roundUpQuantities(spec.resources.requests)
}

/** Sources that pods and persistent volumes share and that have defaults of their own. */
export interface AttachedSources {
  hostPath?: HostPathVolumeSource
  iscsi?: ISCSIVolumeSource | ISCSIPersistentVolumeSource
  rbd?: RBDVolumeSource | RBDPersistentVolumeSource
  azureDisk?: AzureDiskVolumeSource
  scaleIO?: ScaleIOVolumeSource | ScaleIOPersistentVolumeSource
}

/** Defaults of volume sources that stand in pods and in PersistentVolumes. */
export function defaultAttachedSource({ hostPath, iscsi, rbd, azureDisk, scaleIO }: AttachedSources): void {
  if (hostPath) hostPath.type ??= ''
  if (iscsi) iscsi.iscsiInterface ||= 'default'
  if (rbd) {
    rbd.pool ||= 'rbd'
    rbd.user ||= 'admin'
    rbd.keyring ||= '/etc/ceph/keyring'
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite'
    azureDisk.fsType ??= 'ext4'
    azureDisk.readOnly ??= false
    azureDisk.kind ??= 'Shared'
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned'
    scaleIO.fsType ||= 'xfs'
  }
}
