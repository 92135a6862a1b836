import { ageColumn, nameColumn, text } from '../../columns.ts'
import { defaultMatchResources } from './default.ts'
import { paramRefCell } from './param-ref.ts'
import type { ValidatingAdmissionPolicyBinding } from '../../generated/types/admissionregistration/v1.ts'
import { validateValidatingBinding } from './binding-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ValidatingAdmissionPolicyBinding. */
export const validatingAdmissionPolicyBindings = defineResource<ValidatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storagePrefix: '/registry/validatingadmissionpolicybindings',
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  hasGeneration: true,
  requireResourceVersionOnUpdate: true,
  defaults({ spec }) {
    defaultMatchResources(spec?.matchResources)
  },
  validate: validateValidatingBinding,
  columns: [
    nameColumn,
    text('PolicyName', ({ spec }) => spec?.policyName ?? ''),
    text('ParamRef', ({ spec }) => paramRefCell(spec?.paramRef)),
    ageColumn,
  ],
})
