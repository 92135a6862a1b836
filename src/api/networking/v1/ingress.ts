import type { Ingress } from '../../generated/types/networking/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Ingress. */
export const ingresses = defineResource<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  scope: 'Namespaced',
  storagePrefix: '/registry/ingress',
  schema: 'io.k8s.api.networking.v1.Ingress',
  status: true,
  hasGeneration: true,
})
