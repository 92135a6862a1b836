import type { PolicyRule } from '../../../api/generated/types/rbac/v1.ts'

/** Joins rules of one group and resource each that differ only in their verbs (upstream's CompactRules). */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, PolicyRule>()
  for (const rule of rules) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs])
    const same = joined.get(key)
    if (same) same.verbs = [...new Set([...same.verbs, ...rule.verbs])].sort()
    else joined.set(key, { ...rule, verbs: [...rule.verbs] })
  }
  return [...joined.values()]
}

/** A rule in one line, as refusals show it: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function ruleText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts: readonly [string, readonly string[] | undefined][] = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ]
  const shown = parts.flatMap(([name, list]) => (list?.length ? [`${name}:${goStrings(list)}`] : []))
  return `{${shown.join(', ')}}`
}

/** A list as Go's %q prints it. */
export function goStrings(list: readonly string[]): string {
  return `[${list.map((text) => JSON.stringify(text)).join(' ')}]`
}
