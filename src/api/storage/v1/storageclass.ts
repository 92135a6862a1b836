import type { Frozen } from '../../../apimachinery/meta.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { StorageClass } from '../../generated/types/storage/v1.ts'
import { storageClassWarnings, validateStorageClass, validateStorageClassUpdate } from './class-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about StorageClass. */
export const storageClasses = defineResource<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  scope: 'Cluster',
  storagePrefix: '/registry/storageclasses',
  schema: 'io.k8s.api.storage.v1.StorageClass',
  returnsDeletedObject: true,
  defaults(storageClass) {
    storageClass.reclaimPolicy ??= 'Delete'
    storageClass.volumeBindingMode ??= 'Immediate'
  },
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  warnings: storageClassWarnings,
  columns: [
    { ...nameColumn, value: nameCell },
    text('Provisioner', ({ provisioner }) => provisioner ?? ''),
    text('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
    text('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
    text('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
    ageColumn,
  ],
})

const DEFAULT_CLASS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]

/** Whether claims that name no class get this one. */
export function isDefaultClass({ metadata }: Frozen<StorageClass>): boolean {
  return DEFAULT_CLASS.some((key) => metadata.annotations?.[key] === 'true')
}

function nameCell(storageClass: Frozen<StorageClass>): string {
  return `${storageClass.metadata.name ?? ''}${isDefaultClass(storageClass) ? ' (default)' : ''}`
}
