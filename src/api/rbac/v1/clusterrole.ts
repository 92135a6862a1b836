import { nameIsPathSegment } from '../../../apimachinery/validation/names.ts'
import type { ClusterRole } from '../../generated/types/rbac/v1.ts'
import { validateClusterRole } from './rules-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ClusterRole. */
export const clusterRoles = defineResource<ClusterRole>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  storagePrefix: '/registry/clusterroles',
  schema: 'io.k8s.api.rbac.v1.ClusterRole',
  allowCreateOnUpdate: true,
  validateName: nameIsPathSegment,
  validate: validateClusterRole,
})
