import type { ServiceAccount } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ServiceAccount. */
export const serviceAccounts = defineResource<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  scope: 'Namespaced',
  storagePrefix: '/registry/serviceaccounts',
  schema: 'io.k8s.api.core.v1.ServiceAccount',
  subresources: [
    { name: 'token', verbs: ['create'], group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  ],
})
