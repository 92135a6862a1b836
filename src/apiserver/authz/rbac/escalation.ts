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
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
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
  const check = async (
    draft: KubeObject,
    old: Frozen<KubeObject> | undefined,
    context: HookContext,
  ): Promise<undefined> => {
    const { rules, metadata } = draft as ClusterRole & Role
    if (await isFree(checks, context, 'escalate', plural, context.call.info.name)) return undefined
    const refuse = (why: string): Error => forbidden({ group: GROUP, resource: plural }, metadata.name ?? '', why)
    const problem = granting(checks, context, rules ?? [])
    if (problem) throw refuse(problem)
    if ((aggregates(draft) || aggregates(old)) && granting(checks, context, EVERYTHING))
      throw refuse('must have cluster-admin privileges to use the aggregationRule')
    return undefined
  }
  return {
    beginCreate: (draft, context) => check(draft, undefined, context),
    beginUpdate: (draft, old, context) => (onlyCollects(draft, old) ? undefined : check(draft, old, context)),
  }
}

/** What gathers other roles' rules can gather anything. */
function aggregates(role: Frozen<KubeObject> | undefined): boolean {
  return ((role as Frozen<ClusterRole> | undefined)?.aggregationRule?.clusterRoleSelectors ?? []).length > 0
}

/**
 * Whether the update changes nothing but what the garbage collector changes. Labels count: they may put a role into another that gathers
 * by them.
 */
function onlyCollects(draft: KubeObject, old: Frozen<KubeObject>): boolean {
  const { ownerReferences, finalizers, managedFields } = old.metadata
  const metadata = { ...draft.metadata, ownerReferences, finalizers, managedFields }
  return semanticEqual({ ...draft, metadata }, old)
}

function bindingHooks(checks: Checks, plural: string): ResourceHooks {
  const check = async (draft: KubeObject, context: HookContext): Promise<undefined> => {
    const { metadata, roleRef } = draft as RoleBinding | ClusterRoleBinding
    const { user, info } = context.call
    if (user.groups.includes(MASTERS)) return undefined
    const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
    if (await isFree(checks, context, 'bind', resource, roleRef.name ?? '')) return undefined
    const rules = checks.rbac.rulesOfRole(roleRef, info.namespace)
    if (!rules) throw notFound({ group: GROUP, resource: plural }, roleRef.name ?? '')
    const problem = granting(checks, context, rules)
    if (problem) throw forbidden({ group: GROUP, resource: plural }, metadata.name ?? '', problem)
    return undefined
  }
  return {
    beginCreate: check,
    beginUpdate: (draft, old, context) => (onlyCollects(draft, old) ? undefined : check(draft, context)),
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
  const own = rbac.rulesOf(user, info.namespace)
  const lacking = missingRules(own.rules, rules)
  if (lacking.length === 0) return undefined
  const texts = [...new Set(compactRules(lacking).map(ruleText))].sort((a, b) => (a < b ? -1 : 1))
  const errors = own.missing.length > 0 ? `; resolution errors: [${aggregateMessage(own.missing)}]` : ''
  return `user ${who(user)} is attempting to grant RBAC permissions not currently held:\n${texts.join('\n')}${errors}`
}

function who({ name, groups }: UserInfo): string {
  return `${JSON.stringify(name)} (groups=${goStrings(groups)})`
}
