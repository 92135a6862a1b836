import { timestamp, type Frozen } from '../../../apimachinery/meta.ts'
import { ageColumn, nameColumn, text, wide } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { PersistentVolume, PersistentVolumeAccessMode } from '../../generated/types/core/v1.ts'
import { defaultAttachedSource } from './pod-spec/default-volume.ts'
import { roundUpQuantities } from './resource-list.ts'

/** Names the class before `storageClassName` was a field. */
export const STORAGE_CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class'

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
