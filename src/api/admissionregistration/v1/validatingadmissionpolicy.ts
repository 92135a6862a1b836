import { ageColumn, integer, nameColumn } from '../../columns.ts'
import { defaultPolicySpec } from './default.ts'
import { paramKindColumn } from './param-kind.ts'
import type { ValidatingAdmissionPolicy } from '../../generated/types/admissionregistration/v1.ts'
import { validateValidatingPolicy, validateValidatingPolicyStatus } from './policy-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ValidatingAdmissionPolicy. */
export const validatingAdmissionPolicies = defineResource<ValidatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storagePrefix: '/registry/validatingadmissionpolicies',
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  status: true,
  statusResets: ['metadata'],
  hasGeneration: true,
  requireResourceVersionOnUpdate: true,
  defaults: (policy) => defaultPolicySpec((policy.spec ??= {})),
  validate: validateValidatingPolicy,
  validateStatusUpdate: validateValidatingPolicyStatus,
  columns: [nameColumn, integer('Validations', ({ spec }) => spec?.validations?.length), paramKindColumn, ageColumn],
})
