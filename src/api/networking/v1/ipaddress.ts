import type { IPAddress } from '../../generated/types/networking/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about IPAddress. */
export const ipAddresses = defineResource<IPAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  shortNames: ['ip'],
  scope: 'Cluster',
  storagePrefix: '/registry/ipaddresses',
  schema: 'io.k8s.api.networking.v1.IPAddress',
})
