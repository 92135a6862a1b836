import { ageColumn, nameColumn } from '../../columns.ts'
import type { DeviceClass } from '../../generated/types/resource/v1.ts'
import { validateDeviceClass } from './class-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about DeviceClass. */
export const deviceClasses = defineResource<DeviceClass>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  scope: 'Cluster',
  storagePrefix: '/registry/deviceclasses',
  schema: 'io.k8s.api.resource.v1.DeviceClass',
  returnsDeletedObject: true,
  hasGeneration: true,
  validate: validateDeviceClass,
  columns: [nameColumn, ageColumn],
})
