import type { PersistentVolume } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

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
})
