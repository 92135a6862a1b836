import type { ResourceClaim } from '../../generated/types/resource/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ResourceClaim. */
export const resourceClaims = defineResource<ResourceClaim>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  scope: 'Namespaced',
  storagePrefix: '/registry/resourceclaims',
  schema: 'io.k8s.api.resource.v1.ResourceClaim',
  status: true,
})
