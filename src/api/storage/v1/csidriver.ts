import type { CSIDriver } from '../../generated/types/storage/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about CSIDriver. */
export const csiDrivers = defineResource<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  storagePrefix: '/registry/csidrivers',
  schema: 'io.k8s.api.storage.v1.CSIDriver',
  hasGeneration: true,
  requireResourceVersionOnUpdate: true,
})
