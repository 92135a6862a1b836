import type { UserInfo } from '../../authn/types.ts'
import type { Authorization, AuthorizationAttributes, Authorizer, RulesFor } from '../types.ts'
import type { AbacPolicy } from './policy.ts'

const READ_ONLY: readonly string[] = ['get', 'list', 'watch']
const NO_POLICY: Authorization = { decision: 'NoOpinion', reason: 'No policy matched.' }

/** Attribute-based access control: by the lines of a file (upstream's ABAC mode). */
export function abacAuthorizer(policies: readonly AbacPolicy[]): Authorizer {
  return {
    authorize: (asked) => (policies.some((policy) => allows(policy, asked)) ? { decision: 'Allow' } : NO_POLICY),
    rulesFor: (user, namespace) => rulesFor(policies, user, namespace),
  }
}

function allows(policy: AbacPolicy, asked: AuthorizationAttributes): boolean {
  if (!isAbout(policy, asked.user)) return false
  if (policy.readonly && !READ_ONLY.includes(asked.verb)) return false
  return asked.resourceRequest ? allowsResource(policy, asked) : allowsPath(policy, asked.path)
}

/** Both the user and the group have to fit, where a policy names both; one that names nobody is about nobody. */
function isAbout({ user = '', group = '' }: AbacPolicy, { name, groups }: UserInfo): boolean {
  if (user === '' && group === '') return false
  const isUser = user === '' || user === '*' || user === name
  return isUser && (group === '' || group === '*' || groups.includes(group))
}

function allowsResource({ namespace, resource, apiGroup }: AbacPolicy, asked: AuthorizationAttributes): boolean {
  return fits(namespace, asked.namespace) && fits(resource, asked.resource) && fits(apiGroup, asked.apiGroup)
}

const fits = (wanted = '', given: string): boolean => wanted === '*' || wanted === given

function allowsPath({ nonResourcePath: wanted = '' }: AbacPolicy, path: string): boolean {
  return wanted === '*' || wanted === path || (wanted.endsWith('*') && path.startsWith(wanted.replace(/\*+$/, '')))
}

function rulesFor(policies: readonly AbacPolicy[], user: UserInfo, namespace: string): RulesFor {
  const own = policies.filter((policy) => isAbout(policy, user) && fits(policy.namespace, namespace))
  const verbs = (policy: AbacPolicy): readonly string[] => (policy.readonly ? READ_ONLY : ['*'])
  return {
    resourceRules: own.flatMap((policy) =>
      policy.resource
        ? [{ verbs: verbs(policy), apiGroups: [policy.apiGroup ?? ''], resources: [policy.resource] }]
        : [],
    ),
    nonResourceRules: own.flatMap((policy) =>
      policy.nonResourcePath ? [{ verbs: verbs(policy), nonResourceURLs: [policy.nonResourcePath] }] : [],
    ),
    incomplete: false,
  }
}
