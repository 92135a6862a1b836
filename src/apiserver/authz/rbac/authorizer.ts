import type { Frozen } from '../../../apimachinery/meta.ts'
import { clusterRoleBindings } from '../../../api/rbac/v1/clusterrolebinding.ts'
import { clusterRoles } from '../../../api/rbac/v1/clusterrole.ts'
import { roleBindings } from '../../../api/rbac/v1/rolebinding.ts'
import { roles } from '../../../api/rbac/v1/role.ts'
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../../api/generated/types/rbac/v1.ts'
import type { UserInfo } from '../../authn/types.ts'
import { ACCOUNT_PREFIX } from '../../authn/service-account/names.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import type { Mirrors } from '../../mirror/mirrors.ts'
import type { Authorization, AuthorizationAttributes, Authorizer, RulesFor } from '../types.ts'
import { RuleIndex } from './rule-index.ts'
import { ruleAllows } from './rules.ts'

/** Role-based access control (rbac.authorization.k8s.io/v1) over the stored roles and bindings. */
export class RbacAuthorizer implements Authorizer {
  readonly #clusterRoles: Mirror<ClusterRole>
  readonly #roles: Mirror<Role>
  readonly #clusterRoleBindings: Mirror<ClusterRoleBinding>
  readonly #roleBindings: Mirror<RoleBinding>
  /** A changed role is another object. */
  readonly #indexes = new WeakMap<Frozen<ClusterRole | Role>, RuleIndex>()
  #lookedAt = 0

  constructor(mirrors: Mirrors) {
    this.#clusterRoles = mirrors.of(clusterRoles)
    this.#roles = mirrors.of(roles)
    this.#clusterRoleBindings = mirrors
      .of(clusterRoleBindings)
      .index('subject', ({ subjects }) => (subjects ?? []).map((s) => subjectKey(s, '')))
    this.#roleBindings = mirrors
      .of(roleBindings)
      .index('subject', ({ subjects, metadata }) =>
        (subjects ?? []).map((s) => `${metadata.namespace} ${subjectKey(s, metadata.namespace ?? '')}`),
      )
  }

  authorize(asked: AuthorizationAttributes): Authorization {
    const missing: string[] = []
    for (const grant of this.#grants(asked.user, asked.namespace)) {
      const rules = this.#indexOf(grant)
      if (!rules) missing.push(notFoundText(grant.binding.roleRef))
      else if (this.#allows(rules, asked)) return allowedBy(grant)
    }
    return { decision: 'NoOpinion', ...(missing.length > 0 && { reason: `RBAC: ${aggregateMessage(missing)}` }) }
  }

  #allows(rules: RuleIndex, asked: AuthorizationAttributes): boolean {
    for (const rule of rules.candidates(asked)) {
      this.#lookedAt++
      if (ruleAllows(rule, asked)) return true
    }
    return false
  }

  #indexOf({ binding: { roleRef }, namespace }: Grant): RuleIndex | undefined {
    const role = this.#role(roleRef, namespace)
    if (!role) return undefined
    const known = this.#indexes.get(role)
    if (known) return known
    const made = new RuleIndex(role.rules ?? [])
    this.#indexes.set(role, made)
    return made
  }

  /** How many rules all decisions have looked at so far. */
  get rulesLookedAt(): number {
    return this.#lookedAt
  }

  rulesFor(user: UserInfo, namespace: string): RulesFor {
    const { rules, missing } = this.rulesOf(user, namespace)
    return {
      resourceRules: rules
        .filter(({ resources }) => (resources ?? []).length > 0)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs,
          ...(apiGroups && { apiGroups }),
          ...(resources && { resources }),
          ...(resourceNames && { resourceNames }),
        })),
      nonResourceRules: rules
        .filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs: nonResourceURLs ?? [] })),
      incomplete: false,
      ...(missing.length > 0 && { evaluationError: aggregateMessage(missing) }),
    }
  }

  /** Every rule that the user has in the namespace ('' for the cluster's alone), and which roles are bound that are not there. */
  rulesOf(user: UserInfo, namespace: string): { readonly rules: Frozen<PolicyRule>[]; readonly missing: string[] } {
    const [rules, missing]: [Frozen<PolicyRule>[], string[]] = [[], []]
    for (const grant of this.#grants(user, namespace)) {
      const found = this.#rulesOfGrant(grant)
      if (found) rules.push(...found)
      else missing.push(notFoundText(grant.binding.roleRef))
    }
    return { rules, missing }
  }

  /** The rules of a role as a binding in `namespace` refers to it; undefined when there is no such role. */
  rulesOfRole(roleRef: Frozen<RoleRef>, namespace: string): readonly Frozen<PolicyRule>[] | undefined {
    const role = this.#role(roleRef, namespace)
    return role && (role.rules ?? [])
  }

  #role({ kind, name }: Frozen<RoleRef>, namespace: string): Frozen<ClusterRole | Role> | undefined {
    return kind === 'ClusterRole' ? this.#clusterRoles.get(name) : this.#roles.get(`${namespace}/${name}`)
  }

  /** The bindings of the user, one by one, so that the first that allows ends the search. */
  *#grants({ name, groups }: UserInfo, namespace: string): Iterable<Grant> {
    // Service accounts first: what they may do is nearly always given to themselves.
    const keys = name.startsWith(ACCOUNT_PREFIX)
      ? [`ServiceAccount ${name.slice(ACCOUNT_PREFIX.length).replace(':', '/')}`, `User ${name}`]
      : [`User ${name}`]
    for (const group of groups) keys.push(`Group ${group}`)
    for (const subject of keys) {
      for (const binding of this.#clusterRoleBindings.by('subject', subject)) yield { binding, namespace: '', subject }
    }
    if (!namespace) return
    for (const subject of keys) {
      for (const binding of this.#roleBindings.by('subject', `${namespace} ${subject}`))
        yield { binding, namespace, subject }
    }
  }

  #rulesOfGrant({ binding, namespace }: Grant): readonly Frozen<PolicyRule>[] | undefined {
    return this.rulesOfRole(binding.roleRef, namespace)
  }
}

/** A binding that names the user. */
interface Grant {
  readonly binding: Frozen<ClusterRoleBinding | RoleBinding>
  /** Empty for the whole cluster. */
  readonly namespace: string
  /** See subjectKey. */
  readonly subject: string
}

/** Why is put into words only for who asks: nearly every request is allowed, and nobody does. */
function allowedBy({ binding: { metadata, roleRef }, namespace, subject }: Grant): Authorization {
  return {
    decision: 'Allow',
    get reason() {
      const [kind, name] = namespace
        ? ['RoleBinding', `${metadata.name}/${namespace}`]
        : ['ClusterRoleBinding', metadata.name]
      const role = `${roleRef.kind} ${JSON.stringify(roleRef.name)}`
      return `RBAC: allowed by ${kind} ${JSON.stringify(name)} of ${role} to ${described(subject)}`
    },
  }
}

function notFoundText({ kind, name }: Frozen<RoleRef>): string {
  return `${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`
}

/** How a subject is found for a user: a service account's namespace is the binding's own unless it names one. */
function subjectKey({ kind, name, namespace }: Frozen<Subject>, bindingNamespace: string): string {
  return kind === 'ServiceAccount' ? `ServiceAccount ${namespace || bindingNamespace}/${name}` : `${kind} ${name}`
}

/** Upstream writes service accounts as name/namespace here. */
function described(subject: string): string {
  const [kind = '', ...rest] = subject.split(' ')
  const name = rest.join(' ')
  return `${kind} ${JSON.stringify(kind === 'ServiceAccount' ? name.split('/').toReversed().join('/') : name)}`
}
