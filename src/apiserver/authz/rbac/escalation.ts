import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
} from '../../../api/generated/types/rbac/v1.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import { forbidden, notFound } from '../../../apimachinery/status.ts'
import type { UserInfo } from '../../authn/types.ts'
import type { ServingByName } from '../../registry/built-in.ts'
import type { HookContext, ResourceHooks } from '../../registry/served.ts'
import { MASTERS } from '../privileged-groups.ts'
import type { Authorizer } from '../types.ts'
import type { RbacAuthorizer } from './authorizer.ts'
import { compactRules, goStrings, ruleText } from './compact.ts'
import { missingRules } from './rules.ts'

const GROUP = 'rbac.authorization.k8s.io'
const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

interface Checks {
  readonly rbac: RbacAuthorizer
  readonly authorizer: Authorizer
}

/**
 * Nobody grants what they do not have themselves: roles are written only by those who hold all of their rules or may `escalate`, and bound
 * only by those who hold them or may `bind` (upstream's policybased storage of RBAC).
 */
export function escalationChecks(checks: Checks): ServingByName {
  return {
    [`roles.${GROUP}`]: { hooks: roleHooks(checks, 'roles') },
    [`clusterroles.${GROUP}`]: { hooks: roleHooks(checks, 'clusterroles') },
    [`rolebindings.${GROUP}`]: { hooks: bindingHooks(checks, 'rolebindings') },
    [`clusterrolebindings.${GROUP}`]: { hooks: bindingHooks(checks, 'clusterrolebindings') },
  }
}

function roleHooks(checks: Checks, plural: string): ResourceHooks {
  const check = async (draft: KubeObject, context: HookContext): Promise<undefined> => {
    const { rules = [], aggregationRule, metadata } = draft as ClusterRole & Role
    if (await isFree(checks, context, 'escalate', plural, metadata.name ?? '')) return undefined
    const refuse = (why: string): Error => forbidden({ group: GROUP, resource: plural }, metadata.name ?? '', why)
    const problem = granting(checks, context, rules ?? [])
    if (problem) throw refuse(problem)
    const partial = aggregationRule?.clusterRoleSelectors?.length ? granting(checks, context, EVERYTHING) : undefined
    if (partial) throw refuse(`must have cluster-admin privileges to use the aggregationRule: ${partial}`)
    return undefined
  }
  return {
    beginCreate: check,
    beginUpdate(draft, old, context) {
      const [now, before] = [draft as ClusterRole, old as Frozen<ClusterRole>]
      const same = semanticEqual(now.rules, before.rules) && semanticEqual(now.aggregationRule, before.aggregationRule)
      return same ? undefined : check(draft, context)
    },
  }
}

function bindingHooks(checks: Checks, plural: string): ResourceHooks {
  const check = async (draft: KubeObject, context: HookContext): Promise<undefined> => {
    const { metadata, roleRef } = draft as RoleBinding | ClusterRoleBinding
    const { user, info } = context.call
    if (user.groups.includes(MASTERS)) return undefined
    const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
    if (await isFree(checks, context, 'bind', resource, roleRef.name ?? '')) return undefined
    const rules = checks.rbac.rulesOfRole(roleRef, info.namespace)
    if (!rules) throw notFound({ group: GROUP, resource: resource.slice(0, -1) }, roleRef.name ?? '')
    const problem = granting(checks, context, rules)
    if (problem) throw forbidden({ group: GROUP, resource: plural }, metadata.name ?? '', problem)
    return undefined
  }
  return {
    beginCreate: check,
    beginUpdate(draft, old, context) {
      const [now, before] = [draft as RoleBinding, old as Frozen<RoleBinding>]
      const same = semanticEqual(now.subjects, before.subjects) && semanticEqual(now.roleRef, before.roleRef)
      return same ? undefined : check(draft, context)
    },
  }
}

/** Whether the user need not be measured: a superuser, or one who was given the verb for this role. */
async function isFree(
  { authorizer }: Checks,
  { call }: HookContext,
  verb: 'escalate' | 'bind',
  resource: string,
  name: string,
): Promise<boolean> {
  const { user, info } = call
  if (user.groups.includes(MASTERS)) return true
  const { decision } = await authorizer.authorize({
    user,
    verb,
    resourceRequest: true,
    path: info.path,
    namespace: info.namespace,
    apiGroup: GROUP,
    apiVersion: '*',
    resource,
    subresource: '',
    name,
  })
  return decision === 'Allow'
}

/** What the user lacks of `rules`, in upstream's words; undefined for nothing. */
function granting({ rbac }: Checks, { call }: HookContext, rules: readonly Frozen<PolicyRule>[]): string | undefined {
  const { user, info } = call
  const missing = missingRules(rbac.rulesOf(user, info.namespace), rules)
  if (missing.length === 0) return undefined
  const texts = [...new Set(compactRules(missing).map(ruleText))].sort((a, b) => (a < b ? -1 : 1))
  return `user ${who(user)} is attempting to grant RBAC permissions not currently held:\n${texts.join('\n')}`
}

function who({ name, groups }: UserInfo): string {
  return `${JSON.stringify(name)} (groups=${goStrings(groups)})`
}
