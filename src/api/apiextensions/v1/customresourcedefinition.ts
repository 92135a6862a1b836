import type { CustomResourceDefinition } from '../../generated/types/apiextensions/v1.ts'
import { validateDefinitionStatus, validateDefinitionUpdate, validateNewDefinition } from './crd-validate.ts'
import { warnAboutFormats } from './crd-warnings.ts'
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
  defaults: defaultDefinition,
  validateCreate: validateNewDefinition,
  validateUpdate: validateDefinitionUpdate,
  validateStatusUpdate: validateDefinitionStatus,
  warnings: warnAboutFormats,
  prepareForCreate(crd) {
    const stored = crd.spec.versions?.find(({ storage }) => storage)
    crd.status = { ...(stored && { storedVersions: [stored.name] }) }
  },
  prepareForUpdate({ spec, status }, _old, { subresource }) {
    const stored = spec.versions?.find(({ storage }) => storage)?.name
    if (subresource !== '' || stored === undefined || !status) return
    const versions = (status.storedVersions ??= [])
    if (!versions.includes(stored)) versions.push(stored)
  },
})

function defaultDefinition(crd: CustomResourceDefinition): void {
  const spec = (crd.spec ??= {} as CustomResourceDefinition['spec'])
  const names = (spec.names ??= {} as CustomResourceDefinition['spec']['names'])
  names.singular ||= (names.kind ?? '').toLowerCase()
  if (names.kind) names.listKind ||= `${names.kind}List`
  spec.conversion ??= { strategy: 'None' }
  const service = spec.conversion.webhook?.clientConfig?.service
  if (service) service.port ??= 443
  const status = (crd.status ??= {})
  const stored = spec.versions?.find(({ storage }) => storage)
  if ((status.storedVersions ?? []).length === 0 && stored) status.storedVersions = [stored.name]
}
