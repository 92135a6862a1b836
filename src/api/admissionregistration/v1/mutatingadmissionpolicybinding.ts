import { ageColumn, nameColumn, text } from '../../columns.ts'
import { defaultMatchResources } from './default.ts'
import { paramRefCell } from './param-ref.ts'
import type { MutatingAdmissionPolicyBinding } from '../../generated/types/admissionregistration/v1.ts'
import { validateMutatingBinding } from './binding-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about MutatingAdmissionPolicyBinding. */
export const mutatingAdmissionPolicyBindings = defineResource<MutatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  plural: 'mutatingadmissionpolicybindings',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storagePrefix: '/registry/mutatingadmissionpolicybindings',
  schema: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
  hasGeneration: true,
  requireResourceVersionOnUpdate: true,
  defaults({ spec }) {
    defaultMatchResources(spec?.matchResources)
  },
  validate: validateMutatingBinding,
  columns: [
    nameColumn,
    text('PolicyName', ({ spec }) => spec?.policyName ?? ''),
    text('ParamRef', ({ spec }) => paramRefCell(spec?.paramRef)),
    ageColumn,
  ],
})
