import type { Service } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Service. */
export const services = defineResource<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/services/specs',
  schema: 'io.k8s.api.core.v1.Service',
  status: true,
  subresources: [{ name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'ServiceProxyOptions' }],
  allowCreateOnUpdate: true,
})
