import type { CustomResourceDefinition } from '../../generated/types/apiextensions/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about CustomResourceDefinition. */
export const customResourceDefinitions = defineResource<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  scope: 'Cluster',
  storagePrefix: '/registry/apiextensions.k8s.io/customresourcedefinitions',
  schema: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  status: true,
  hasGeneration: true,
  requireResourceVersionOnUpdate: true,
})
