import type { Endpoints } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Endpoints. */
export const endpoints = defineResource<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  shortNames: ['ep'],
  scope: 'Namespaced',
  storagePrefix: '/registry/services/endpoints',
  schema: 'io.k8s.api.core.v1.Endpoints',
  allowCreateOnUpdate: true,
})
