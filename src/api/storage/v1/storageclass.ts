import type { StorageClass } from '../../generated/types/storage/v1.ts'
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
})
