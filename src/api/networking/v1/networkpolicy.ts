import type { NetworkPolicy } from '../../generated/types/networking/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about NetworkPolicy. */
export const networkPolicies = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  scope: 'Namespaced',
  storagePrefix: '/registry/networkpolicies',
  schema: 'io.k8s.api.networking.v1.NetworkPolicy',
  hasGeneration: true,
})
