import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { VolumeAttributesClass } from '../../generated/types/storage/v1.ts'
import { validateAttributesClass, validateAttributesClassUpdate } from './class-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about VolumeAttributesClass. */
export const volumeAttributesClasses = defineResource<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  shortNames: ['vac'],
  scope: 'Cluster',
  storagePrefix: '/registry/volumeattributesclasses',
  schema: 'io.k8s.api.storage.v1.VolumeAttributesClass',
  returnsDeletedObject: true,
  validateCreate: validateAttributesClass,
  validateUpdate: validateAttributesClassUpdate,
  columns: [nameColumn, text('DriverName', ({ driverName }) => driverName ?? ''), ageColumn],
})
