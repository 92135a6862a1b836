import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'
import { pathSegment, problems } from '../../checks.ts'
import type { RoleRef, Subject } from '../../generated/types/rbac/v1.ts'
import { RBAC_GROUP } from './subject.ts'

interface Binding extends KubeObject {
  subjects?: Subject[]
  roleRef: RoleRef
}

/** ValidateRoleBinding. */
export const validateRoleBinding = (binding: Frozen<Binding>): Iterable<FieldError> =>
  validate(binding, ['Role', 'ClusterRole'], true)

/** ValidateClusterRoleBinding. */
export const validateClusterRoleBinding = (binding: Frozen<Binding>): Iterable<FieldError> =>
  validate(binding, ['ClusterRole'], false)

/** What a binding gives never changes. */
export function* validateBindingUpdate({ roleRef }: Frozen<Binding>, old: Frozen<Binding>): Iterable<FieldError> {
  const { apiGroup, kind, name } = old.roleRef
  if (roleRef.apiGroup === apiGroup && roleRef.kind === kind && roleRef.name === name) return
  const shown = { APIGroup: roleRef.apiGroup, Kind: roleRef.kind, Name: roleRef.name }
  yield invalid('roleRef', shown, 'cannot change roleRef')
}

function* validate(
  { roleRef, subjects = [] }: Frozen<Binding>,
  kinds: readonly string[],
  namespaced: boolean,
): Iterable<FieldError> {
  if (roleRef.apiGroup !== RBAC_GROUP) yield notSupported('roleRef.apiGroup', roleRef.apiGroup, [RBAC_GROUP])
  if (!kinds.includes(roleRef.kind)) yield notSupported('roleRef.kind', roleRef.kind, kinds)
  yield* pathSegment('roleRef.name', roleRef.name)
  for (const [index, subject] of subjects.entries()) yield* validateSubject(subject, namespaced, `subjects[${index}]`)
}

function* validateSubject(subject: Frozen<Subject>, namespaced: boolean, path: string): Iterable<FieldError> {
  const { kind, name, apiGroup = '', namespace } = subject
  if (!name) yield required(`${path}.name`)
  switch (kind) {
    case 'ServiceAccount':
      if (name) yield* problems(`${path}.name`, name, isDns1123Subdomain(name))
      if (apiGroup) yield notSupported(`${path}.apiGroup`, apiGroup, [''])
      if (!namespaced && !namespace) yield required(`${path}.namespace`)
      break
    case 'User':
    case 'Group':
      if (apiGroup !== RBAC_GROUP) yield notSupported(`${path}.apiGroup`, apiGroup, [RBAC_GROUP])
      break
    default:
      yield notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])
  }
}
