import { ageColumn, integer, nameColumn } from '../../columns.ts'
import { defaultPolicySpec } from './default.ts'
import { paramKindColumn } from './param-kind.ts'
import type { MutatingAdmissionPolicy } from '../../generated/types/admissionregistration/v1.ts'
import { validateMutatingPolicy } from './policy-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about MutatingAdmissionPolicy. */
export const mutatingAdmissionPolicies = defineResource<MutatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  plural: 'mutatingadmissionpolicies',
  categories: ['api-extensions'],
  scope: 'Cluster',
  storagePrefix: '/registry/mutatingadmissionpolicies',
  schema: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy',
  hasGeneration: true,
  requireResourceVersionOnUpdate: true,
  defaults: (policy) => defaultPolicySpec((policy.spec ??= {})),
  validate: validateMutatingPolicy,
  columns: [nameColumn, integer('Mutations', ({ spec }) => spec?.mutations?.length), paramKindColumn, ageColumn],
})
