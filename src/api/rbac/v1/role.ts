import { nameIsPathSegment } from '../../../apimachinery/validation/names.ts'
import type { Role } from '../../generated/types/rbac/v1.ts'
import { validateRole } from './rules-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Role. */
export const roles = defineResource<Role>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  storagePrefix: '/registry/roles',
  schema: 'io.k8s.api.rbac.v1.Role',
  allowCreateOnUpdate: true,
  validateName: nameIsPathSegment,
  validate: validateRole,
})
