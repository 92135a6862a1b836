import type { EndpointSlice } from '../../generated/types/discovery/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about EndpointSlice. */
export const endpointSlices = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  storagePrefix: '/registry/endpointslices',
  schema: 'io.k8s.api.discovery.v1.EndpointSlice',
  hasGeneration: true,
})
