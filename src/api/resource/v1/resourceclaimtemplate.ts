import { ageColumn, nameColumn } from '../../columns.ts'
import { defaultClaimDevices } from './claim-default.ts'
import type { ResourceClaimTemplate } from '../../generated/types/resource/v1.ts'
import { validateClaimSpec } from './claim-validate.ts'
import { immutableField } from '../../checks.ts'
import { validateTemplateMeta } from '../../template-meta.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ResourceClaimTemplate. */
export const resourceClaimTemplates = defineResource<ResourceClaimTemplate>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  scope: 'Namespaced',
  storagePrefix: '/registry/resourceclaimtemplates',
  schema: 'io.k8s.api.resource.v1.ResourceClaimTemplate',
  returnsDeletedObject: true,
  defaults({ spec }) {
    defaultClaimDevices(spec?.spec)
  },
  *validate({ spec }) {
    yield* validateTemplateMeta(spec.metadata, 'spec.metadata')
    yield* validateClaimSpec(spec.spec, 'spec.spec')
  },
  validateUpdate: (now, old) =>
    immutableField('spec', now.spec, old.spec, 'io.k8s.api.resource.v1.ResourceClaimTemplateSpec'),
  columns: [nameColumn, ageColumn],
})
