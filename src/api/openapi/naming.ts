/** `Apps`, `RbacAuthorization`, `Core`: a group as operation IDs have it. */
function groupName(group: string): string {
  if (group === '') return 'Core'
  return group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(capital)
    .join('')
}

/** `readAppsV1NamespacedDeployment`: the verb, the group and version, then what it is about. */
export function operationId(verb: string, gv: { group: string; version: string }, suffix: string): string {
  return `${verb}${groupName(gv.group)}${capital(gv.version)}${suffix}`
}

/** `rbacAuthorization_v1`: what operations of a group and version are tagged with; without a version, those of the group itself. */
export function tagOf({ group, version }: { group: string; version?: string }): string {
  const name = groupName(group)
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}${version ? `_${version}` : ''}`
}

/** The group part of operations on a group itself: `getAppsAPIGroup`. */
export function groupOperationId(group: string): string {
  return `get${groupName(group)}APIGroup`
}

/** `a `, `an ` or, before a plural, nothing. */
export function articleFor(noun: string): string {
  if (/[^s]s$/.test(noun)) return ''
  return /^[aeiou]/i.test(noun) ? 'an ' : 'a '
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/**
 * The model name of a custom resource: its group backwards, then version and kind. `stable.example.com` v1 CronTab is
 * `com.example.stable.v1.CronTab`.
 */
export function customModel({ group, version }: { group: string; version: string }, kind: string): string {
  return `${group.split('.').toReversed().join('.')}.${version}.${kind}`
}
