import type { ResourceSlice } from '../../generated/types/resource/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ResourceSlice. */
export const resourceSlices = defineResource<ResourceSlice>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  scope: 'Cluster',
  storagePrefix: '/registry/resourceslices',
  schema: 'io.k8s.api.resource.v1.ResourceSlice',
  hasGeneration: true,
})
