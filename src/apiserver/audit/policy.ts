import type { UserInfo } from '../authn/types.ts'
import type { RequestInfo } from '../request/info.ts'

/** How much of a request is told (audit.k8s.io Level), each level more than the one before. */
export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export type Level = (typeof LEVELS)[number]

/** When in a request's life something is told of it (audit.k8s.io Stage). */
export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const
export type Stage = (typeof STAGES)[number]

/** Whether `level` tells at least what `least` does. */
export function reaches(level: Level, least: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least)
}

/** audit.k8s.io/v1 Policy, validated. */
export interface Policy {
  readonly rules: readonly PolicyRule[]
  readonly omitStages?: readonly Stage[]
  readonly omitManagedFields?: boolean
}

export interface PolicyRule {
  readonly level: Level
  readonly users?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly verbs?: readonly string[]
  readonly resources?: readonly GroupResources[]
  readonly namespaces?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly omitStages?: readonly Stage[]
  readonly omitManagedFields?: boolean
}

export interface GroupResources {
  readonly group?: string
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
}

/** What the policy says of one request. */
export interface AuditConfig {
  readonly level: Level
  readonly omitStages: ReadonlySet<Stage>
  readonly omitManagedFields: boolean
}

/** A policy that is ready to be asked: what a rule comes to is made once. */
export class PolicyEvaluator {
  readonly #rules: readonly (readonly [PolicyRule, AuditConfig])[]
  readonly #otherwise: AuditConfig

  constructor({ rules, omitStages = [], omitManagedFields = false }: Policy) {
    this.#otherwise = { level: 'None', omitStages: new Set(omitStages), omitManagedFields }
    this.#rules = rules.map((rule) => {
      const stages = new Set([...omitStages, ...(rule.omitStages ?? [])])
      const omits = rule.omitManagedFields ?? omitManagedFields
      return [rule, { level: rule.level, omitStages: stages, omitManagedFields: omits }]
    })
  }

  /** What the first rule says that fits; nothing is told of what none fits. `user` is absent when nobody knows who it is. */
  evaluate(info: RequestInfo, user: UserInfo | undefined): AuditConfig {
    for (const [rule, config] of this.#rules) if (fits(rule, info, user)) return config
    return this.#otherwise
  }
}

/** Lists that are empty are as if they were not there. */
const some = <T>(list: readonly T[] | undefined): list is readonly T[] => list !== undefined && list.length > 0

function fits(rule: PolicyRule, info: RequestInfo, user: UserInfo | undefined): boolean {
  if (some(rule.users) && !(user && rule.users.includes(user.name))) return false
  const { userGroups } = rule
  if (some(userGroups) && !user?.groups.some((group) => userGroups.includes(group))) return false
  if (some(rule.verbs) && !rule.verbs.includes(info.verb)) return false
  if (some(rule.namespaces) || some(rule.resources)) return fitsResource(rule, info)
  if (some(rule.nonResourceURLs)) {
    return !info.isResource && rule.nonResourceURLs.some((pattern) => fitsPath(pattern, info.path))
  }
  return true
}

function fitsResource({ namespaces, resources }: PolicyRule, info: RequestInfo): boolean {
  if (!info.isResource) return false
  if (some(namespaces) && !namespaces.includes(info.namespace)) return false
  return !some(resources) || resources.some((one) => fitsGroup(one, info))
}

function fitsGroup({ group = '', resources, resourceNames }: GroupResources, info: RequestInfo): boolean {
  if (group !== info.group && group !== '*') return false
  if (!some(resources)) return true
  if (some(resourceNames) && !resourceNames.includes(info.name)) return false
  return resources.some((pattern) => fitsName(pattern, info))
}

/** `pods`, `pods/log`, `*`, `pods/*` (pods too), and any resource with a subresource of its own. */
function fitsName(pattern: string, { resource, subresource }: RequestInfo): boolean {
  if (pattern === '*' || pattern === (subresource ? `${resource}/${subresource}` : resource)) return true
  if (subresource && pattern === `*/${subresource}`) return true
  return pattern === `${resource}/*`
}

function fitsPath(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  return pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, ''))
}
