import type { Frozen } from '../../../apimachinery/meta.ts'
import type { PolicyRule } from '../../../api/generated/types/rbac/v1.ts'
import type { AuthorizationAttributes } from '../types.ts'

/** Whether the rule allows the request (rbac.RuleAllows). */
export function ruleAllows(rule: Frozen<PolicyRule>, asked: AuthorizationAttributes): boolean {
  if (!includes(rule.verbs, asked.verb)) return false
  if (!asked.resourceRequest) return (rule.nonResourceURLs ?? []).some((pattern) => matchesPath(pattern, asked.path))
  const resource = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource
  return (
    includes(rule.apiGroups, asked.apiGroup) &&
    matchesResource(rule.resources, resource, asked.subresource) &&
    ((rule.resourceNames ?? []).length === 0 || (rule.resourceNames ?? []).includes(asked.name))
  )
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes('*') || list.includes(value))
}

/** `*`, `pods`, `pods/log`, or a subresource of anything: `*` + `/scale`. */
function matchesResource(list: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (!list) return false
  return list.includes('*') || list.includes(resource) || (subresource !== '' && list.includes(`*/${subresource}`))
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, '')))
}

/**
 * Whether `owned` together allow everything that `wanted` allow (validation.Covers): nobody may grant more than they have. Returns what is
 * missing.
 */
export function missingRules(
  owned: readonly Frozen<PolicyRule>[],
  wanted: readonly Frozen<PolicyRule>[],
): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((simple) => !owned.some((rule) => covers(rule, simple)))
}

/** Into rules of one verb, group, resource and name each. */
function breakDown(rule: Frozen<PolicyRule>): PolicyRule[] {
  const simple: PolicyRule[] = []
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) simple.push({ verbs: [verb], nonResourceURLs: [url] })
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const base = { verbs: [verb], apiGroups: [group], resources: [resource] }
        const names = rule.resourceNames ?? []
        if (names.length === 0) simple.push(base)
        for (const name of names) simple.push({ ...base, resourceNames: [name] })
      }
    }
  }
  return simple
}

function covers(owned: Frozen<PolicyRule>, wanted: PolicyRule): boolean {
  const all = (list: readonly string[] | undefined, values: readonly string[] | undefined): boolean =>
    (values ?? []).every((value) => list?.includes('*') === true || list?.includes(value) === true)
  if (!all(owned.verbs, wanted.verbs)) return false
  if (wanted.nonResourceURLs)
    return wanted.nonResourceURLs.every((url) =>
      (owned.nonResourceURLs ?? []).some((pattern) => matchesPath(pattern, url)),
    )
  const coversResource = (resource: string): boolean => {
    const subresource = resource.split('/')[1]
    return matchesResource(owned.resources, resource, subresource ?? '')
  }
  return (
    all(owned.apiGroups, wanted.apiGroups) &&
    (wanted.resources ?? []).every(coversResource) &&
    ((owned.resourceNames ?? []).length === 0 ||
      ((wanted.resourceNames ?? []).length > 0 &&
        (wanted.resourceNames ?? []).every((name) => owned.resourceNames?.includes(name))))
  )
}
