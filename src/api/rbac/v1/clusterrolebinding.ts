import { ageColumn, nameColumn, text } from '../../columns.ts'
import { nameIsPathSegment } from '../../../apimachinery/validation/names.ts'
import { defaultRoleRef, defaultSubjects, subjectColumns } from './subject.ts'
import type { ClusterRoleBinding } from '../../generated/types/rbac/v1.ts'
import { validateBindingUpdate, validateClusterRoleBinding } from './binding-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ClusterRoleBinding. */
export const clusterRoleBindings = defineResource<ClusterRoleBinding>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  storagePrefix: '/registry/clusterrolebindings',
  schema: 'io.k8s.api.rbac.v1.ClusterRoleBinding',
  allowCreateOnUpdate: true,
  validateName: nameIsPathSegment,
  validate: validateClusterRoleBinding,
  validateUpdate: validateBindingUpdate,
  defaults(binding) {
    defaultRoleRef(binding)
    defaultSubjects(binding.subjects)
  },
  columns: [nameColumn, text('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`), ageColumn, ...subjectColumns],
})
