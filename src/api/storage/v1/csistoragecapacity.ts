import type { CSIStorageCapacity } from '../../generated/types/storage/v1.ts'
import { capacityWarnings, validateCapacity, validateCapacityUpdate } from './csi-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about CSIStorageCapacity. */
export const csiStorageCapacities = defineResource<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
  storagePrefix: '/registry/csistoragecapacities',
  schema: 'io.k8s.api.storage.v1.CSIStorageCapacity',
  requireResourceVersionOnUpdate: true,
  validate: validateCapacity,
  validateUpdate: validateCapacityUpdate,
  warnings: capacityWarnings,
})
