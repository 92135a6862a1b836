import type { Column } from '../../../apimachinery/resource.ts'
import { text, wide } from '../../columns.ts'
import type { RoleRef, Subject } from '../../generated/types/rbac/v1.ts'

/** The group of RBAC's own kinds. */
export const RBAC_GROUP = 'rbac.authorization.k8s.io'

/** A reference to a role names RBAC's own group unless told. */
export function defaultRoleRef(binding: { roleRef?: Partial<RoleRef> }): void {
  const roleRef = (binding.roleRef ??= {})
  roleRef.apiGroup ||= RBAC_GROUP
  roleRef.kind ??= ''
  roleRef.name ??= ''
}

/** Users and groups are of RBAC's own group; service accounts of the core one. */
export function defaultSubjects(subjects: Subject[] | undefined): void {
  for (const subject of subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= RBAC_GROUP
  }
}

interface Binding {
  subjects?: Subject[]
}

const named = (column: string, kind: string, print: (subject: Readonly<Subject>) => string): Column<Binding> =>
  wide(
    text(column, ({ subjects }) =>
      (subjects ?? [])
        .filter((subject) => subject.kind === kind)
        .map(print)
        .join(', '),
    ),
  )

/** Whom a binding gives its role. */
export const subjectColumns: readonly Column<Binding>[] = [
  named('Users', 'User', ({ name }) => name),
  named('Groups', 'Group', ({ name }) => name),
  named('ServiceAccounts', 'ServiceAccount', ({ namespace, name }) => `${namespace ?? ''}/${name}`),
]
