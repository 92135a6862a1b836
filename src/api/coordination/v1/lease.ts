import type { Lease } from '../../generated/types/coordination/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Lease. */
export const leases = defineResource<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  storagePrefix: '/registry/leases',
  schema: 'io.k8s.api.coordination.v1.Lease',
  allowCreateOnUpdate: true,
  requireResourceVersionOnUpdate: true,
})
