import { timestamp, type Frozen } from '../../../apimachinery/meta.ts'
import { ageColumn, nameColumn, text, wide } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { PersistentVolume, PersistentVolumeAccessMode } from '../../generated/types/core/v1.ts'
import { defaultAttachedSource } from './pod-spec/default-volume.ts'
import { roundUpQuantities } from './resource-list.ts'
import { STORAGE_CLASS_ANNOTATION } from './storage-class-annotation.ts'
import { validateVolume, validateVolumeUpdate } from './volume-validate.ts'

/** Everything the system knows about PersistentVolume. */
export const persistentVolumes = defineResource<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  scope: 'Cluster',
  storagePrefix: '/registry/persistentvolumes',
  schema: 'io.k8s.api.core.v1.PersistentVolume',
  returnsDeletedObject: true,
  status: true,
  defaults(volume) {
    const spec = (volume.spec ??= {})
    const status = (volume.status ??= {})
    status.phase ||= 'Pending'
    spec.persistentVolumeReclaimPolicy ||= 'Retain'
    spec.volumeMode ??= 'Filesystem'
    roundUpQuantities(spec.capacity)
    defaultAttachedSource(spec)
  },
  prepareForCreate(volume, { env }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: timestamp(env.clock.now()) }
  },
  prepareForUpdate(volume, old, { env, subresource }) {
    const { status } = volume
    if (subresource !== 'status' || !status) return
    const before = old.status?.lastPhaseTransitionTime
    if (status.phase === old.status?.phase) {
      if (before !== undefined) status.lastPhaseTransitionTime ??= before
    } else if (status.lastPhaseTransitionTime === undefined || status.lastPhaseTransitionTime === before) {
      status.lastPhaseTransitionTime = timestamp(env.clock.now())
    }
  },
  validate: validateVolume,
  validateUpdate: validateVolumeUpdate,
  warnings: volumeWarnings,
  columns: [
    nameColumn,
    text('Capacity', ({ spec }) => spec.capacity?.['storage'] ?? '0'),
    text('Access Modes', ({ spec }) => accessModesCell(spec.accessModes)),
    text('Reclaim Policy', ({ spec }) => spec.persistentVolumeReclaimPolicy ?? ''),
    text('Status', ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''))),
    text('Claim', ({ spec: { claimRef } }) => (claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '')),
    text('StorageClass', volumeClass),
    text('VolumeAttributesClass', ({ spec }) => spec.volumeAttributesClassName ?? '<unset>'),
    text('Reason', ({ status }) => status?.reason ?? ''),
    ageColumn,
    wide(text('VolumeMode', ({ spec }) => spec.volumeMode ?? '<unset>')),
  ],
})

/** The storage class of a volume: the old annotation wins over the field. */
export function volumeClass({ metadata, spec }: Frozen<PersistentVolume>): string {
  return metadata.annotations?.[STORAGE_CLASS_ANNOTATION] ?? spec.storageClassName ?? ''
}

const SHORT_MODES = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' }

/** Access modes in short, always in the same order. */
export function accessModesCell(modes: readonly PersistentVolumeAccessMode[] | undefined): string {
  const given = new Set<string>(modes)
  return Object.entries(SHORT_MODES)
    .filter(([mode]) => given.has(mode))
    .map(([, short]) => short)
    .join(',')
}

const DEPRECATED_ANNOTATIONS = [
  [STORAGE_CLASS_ANNOTATION, 'deprecated since v1.8; use "storageClassName" attribute instead'],
  ['volume.beta.kubernetes.io/mount-options', 'deprecated since v1.31; use "mountOptions" attribute instead'],
] as const

/** Volume plugins that no longer work, and since when. */
const GONE_SOURCES = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const

function* volumeWarnings({ metadata, spec }: Frozen<PersistentVolume>): Iterable<string> {
  for (const [key, text] of DEPRECATED_ANNOTATIONS) {
    if (key in (metadata.annotations ?? {})) yield `metadata.annotations[${key}]: ${text}`
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    yield 'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.'
  }
  for (const [field, name, text] of GONE_SOURCES) if (spec[field]) yield `spec.${name}: ${text}`
}
