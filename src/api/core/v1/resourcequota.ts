import type { ResourceQuota } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ResourceQuota. */
export const resourceQuotas = defineResource<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  scope: 'Namespaced',
  storagePrefix: '/registry/resourcequotas',
  schema: 'io.k8s.api.core.v1.ResourceQuota',
  status: true,
})
