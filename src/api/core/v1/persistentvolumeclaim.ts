import type { PersistentVolumeClaim } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about PersistentVolumeClaim. */
export const persistentVolumeClaims = defineResource<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  scope: 'Namespaced',
  storagePrefix: '/registry/persistentvolumeclaims',
  schema: 'io.k8s.api.core.v1.PersistentVolumeClaim',
  status: true,
})
