import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { ServiceCIDR } from '../../generated/types/networking/v1.ts'
import { validateServiceRange, validateServiceRangeUpdate } from './range-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ServiceCIDR. */
export const serviceCIDRs = defineResource<ServiceCIDR>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  scope: 'Cluster',
  storagePrefix: '/registry/servicecidrs',
  schema: 'io.k8s.api.networking.v1.ServiceCIDR',
  status: true,
  statusResets: ['metadata'],
  validateCreate: validateServiceRange,
  validateUpdate: validateServiceRangeUpdate,
  columns: [nameColumn, text('CIDRs', ({ spec }) => (spec?.cidrs ?? []).join(',')), ageColumn],
})
