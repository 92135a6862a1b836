import { ageColumn, nameColumn, text } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { ConfigMap } from '../../generated/types/core/v1.ts'

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
  columns: [
    nameColumn,
    text('Data', ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
    ageColumn,
  ],
})
