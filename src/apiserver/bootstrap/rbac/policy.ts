import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '../../../api/generated/types/rbac/v1.ts'
import { AGGREGATED_INTO, AGGREGATED_ROLES, CLUSTER_ROLES, CONTROLLER_ROLES, type RoleTable } from './cluster-roles.ts'
import { type BindingTable, CLUSTER_BINDINGS, NAMESPACED_BINDINGS, NAMESPACED_ROLES } from './namespaced.ts'

const GROUP = 'rbac.authorization.k8s.io'
const CONTROLLER_PREFIX = 'system:controller:'

/** The roles and bindings that every cluster has. */
export interface BootstrapPolicy {
  readonly clusterRoles: readonly ClusterRole[]
  readonly clusterRoleBindings: readonly ClusterRoleBinding[]
  readonly roles: readonly Role[]
  readonly roleBindings: readonly RoleBinding[]
}

/** Builds them of their tables. */
export function bootstrapPolicy(): BootstrapPolicy {
  const controllers = Object.fromEntries(
    Object.entries(CONTROLLER_ROLES).map(([name, rules]) => [`${CONTROLLER_PREFIX}${name}`, rules]),
  )
  const plain = clusterRolesOf({ ...CLUSTER_ROLES, ...controllers })
  return {
    clusterRoles: [...plain, ...aggregatedRoles(plain)],
    clusterRoleBindings: [
      ...bindingsOf(CLUSTER_BINDINGS, 'ClusterRole'),
      ...Object.keys(CONTROLLER_ROLES).map((name) =>
        bindingOf(`${CONTROLLER_PREFIX}${name}`, { to: [`account:${name}`] }, 'ClusterRole'),
      ),
    ],
    roles: Object.entries(NAMESPACED_ROLES).flatMap(([namespace, table]) =>
      Object.entries(table).map(([name, rules]) => ({ metadata: metadata(name, namespace), rules: rules.map(ruleOf) })),
    ),
    roleBindings: Object.entries(NAMESPACED_BINDINGS).flatMap(([namespace, table]) =>
      bindingsOf(table, 'Role', namespace),
    ),
  }
}

function metadata(name: string, namespace?: string, labels: Record<string, string> = {}): Role['metadata'] {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  }
}

function into(label: string | undefined): Record<string, string> {
  return label === undefined ? {} : { [`${GROUP}/${label}`]: 'true' }
}

function clusterRolesOf(table: RoleTable): ClusterRole[] {
  return Object.entries(table).map(([name, rules]) => ({
    metadata: metadata(name, undefined, into(AGGREGATED_INTO[name])),
    rules: rules.map(ruleOf),
  }))
}

/** With the rules that the aggregation controller would give them, so that they are good from the first moment. */
function aggregatedRoles(plain: readonly ClusterRole[]): ClusterRole[] {
  const roles: ClusterRole[] = []
  for (const name of ['view', 'edit', 'admin']) {
    const { from = '', into: label } = AGGREGATED_ROLES[name] ?? {}
    const wanted = `${GROUP}/${from}`
    const parts = [...plain, ...roles].filter((role) => role.metadata.labels?.[wanted] === 'true')
    roles.push({
      metadata: metadata(name, undefined, into(label)),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [wanted]: 'true' } }] },
      rules: parts
        .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
        .flatMap((r) => r.rules ?? []),
    })
  }
  return roles
}

/** Reads `verbs groups resources [names]` or `verbs /path…`. */
export function ruleOf(text: string): PolicyRule {
  const [verbs = '', ...rest] = text.split(' ')
  const [first = '', second = '', names] = rest
  const isPath = first.startsWith('/') || rest.length === 1
  if (isPath) return { verbs: list(verbs), nonResourceURLs: rest.toSorted() }
  return {
    verbs: list(verbs),
    apiGroups: list(first.replace(/\bcore\b/, '')),
    resources: list(second),
    ...(names !== undefined && { resourceNames: list(names) }),
  }
}

function list(text: string): string[] {
  return text.split(',').sort()
}

function bindingsOf(table: BindingTable, kind: 'Role' | 'ClusterRole', namespace?: string): RoleBinding[] {
  return Object.entries(table).map(([name, binding]) => bindingOf(name, binding, kind, namespace))
}

function bindingOf(
  name: string,
  { role = name, to }: BindingTable[string],
  kind: 'Role' | 'ClusterRole',
  namespace?: string,
): RoleBinding {
  const subjects = to.map(subjectOf)
  return {
    metadata: metadata(name, namespace),
    roleRef: { apiGroup: GROUP, kind, name: role },
    ...(subjects.length > 0 && { subjects }),
  }
}

function subjectOf(text: string): Subject {
  const colon = text.indexOf(':')
  const [type, name] = [text.slice(0, colon), text.slice(colon + 1)]
  if (type === 'account') return { kind: 'ServiceAccount', name, namespace: 'kube-system' }
  return { apiGroup: GROUP, kind: type === 'user' ? 'User' : 'Group', name }
}
