import { ageColumn, nameColumn, text } from '../../columns.ts'
import { nameIsPathSegment } from '../../../apimachinery/validation/names.ts'
import { defaultRoleRef, defaultSubjects, subjectColumns } from './subject.ts'
import type { RoleBinding } from '../../generated/types/rbac/v1.ts'
import { validateBindingUpdate, validateRoleBinding } from './binding-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about RoleBinding. */
export const roleBindings = defineResource<RoleBinding>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  scope: 'Namespaced',
  storagePrefix: '/registry/rolebindings',
  schema: 'io.k8s.api.rbac.v1.RoleBinding',
  allowCreateOnUpdate: true,
  validateName: nameIsPathSegment,
  validate: validateRoleBinding,
  validateUpdate: validateBindingUpdate,
  defaults(binding) {
    defaultRoleRef(binding)
    defaultSubjects(binding.subjects)
  },
  columns: [nameColumn, text('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`), ageColumn, ...subjectColumns],
})
