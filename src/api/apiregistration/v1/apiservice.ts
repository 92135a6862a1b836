import type { APIService } from '../../generated/types/apiregistration/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about APIService. */
export const apiServices = defineResource<APIService>({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storagePrefix: '/registry/apiregistration.k8s.io/apiservices',
  schema: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
  status: true,
  requireResourceVersionOnUpdate: true,
})
