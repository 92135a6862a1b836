import type { ConfigMap } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ConfigMap. */
export const configMaps = defineResource<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  scope: 'Namespaced',
  storagePrefix: '/registry/configmaps',
  schema: 'io.k8s.api.core.v1.ConfigMap',
})
