import type { IngressClass } from '../../generated/types/networking/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about IngressClass. */
export const ingressClasses = defineResource<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  storagePrefix: '/registry/ingressclasses',
  schema: 'io.k8s.api.networking.v1.IngressClass',
  hasGeneration: true,
})
