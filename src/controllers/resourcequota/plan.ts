import { addAmounts, moreThan } from '../../api/core/v1/quota/amounts.ts'
import { matchesQuotaScopes } from '../../api/core/v1/quota/scopes.ts'
import { quotaUsage, resourceOfQuotaName } from '../../api/core/v1/quota/usage.ts'
import { addResources, compareAmounts } from '../../api/core/v1/resource-list.ts'
import type { ResourceList, ResourceQuota } from '../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { getOwn } from '../../lib/own.ts'

type Quota = Pick<Frozen<ResourceQuota>, 'spec' | 'status'>

/** The resources whose objects the quota counts: `pods`, `deployments.apps`. */
export function countedResources({ spec }: Quota): string[] {
  const names = Object.keys(spec?.hard ?? {}).flatMap((name) => resourceOfQuotaName(name) ?? [])
  return [...new Set(names)]
}

/** What the quota limits and its status does not tell the use of. Admission lets in nothing that would use it. */
export function missingNames({ spec, status }: Quota): string[] {
  return Object.keys(spec?.hard ?? {}).filter((name) => getOwn(status?.used ?? {}, name) === undefined)
}

/** What an object uses of what the quota limits. `overstayed`: it is a pod whose time to end is over. */
export function usageIn(
  { spec }: Quota,
  resource: string,
  object: Frozen<KubeObject>,
  overstayed: boolean,
): ResourceList {
  const { hard = {} } = spec ?? {}
  if (!matchesQuotaScopes(spec ?? {}, resource, object)) return {}
  const usage = quotaUsage(resource, object, overstayed ? Infinity : 0)
  return Object.fromEntries(Object.entries(usage).filter(([name]) => getOwn(hard, name) !== undefined))
}

/** What objects of `resource` use of what the quota limits, all that they can use of it named. */
export function usageOf(
  quota: Quota,
  resource: string,
  objects: readonly Frozen<KubeObject>[],
  overstayed: ReadonlySet<string>,
): ResourceList {
  const names = Object.keys(quota.spec?.hard ?? {}).filter((name) => resourceOfQuotaName(name) === resource)
  const used: ResourceList = Object.fromEntries(names.map((name) => [name, '0']))
  for (const object of objects)
    addResources(used, usageIn(quota, resource, object, overstayed.has(object.metadata.uid ?? '')))
  return used
}

/** What is left of `used` without `less`: never below zero, and every name stays. */
export function without(used: Frozen<ResourceList>, less: Frozen<ResourceList>): ResourceList {
  const rest = moreThan(used, less)
  return Object.fromEntries(Object.keys(used).map((name) => [name, getOwn(rest, name) ?? '0']))
}

/** Whether `used` cannot be right: less than what is there, or more than that and all that may be on its way. */
export function isDoubtful(
  name: string,
  used: Frozen<ResourceList>,
  there: Frozen<ResourceList>,
  onItsWay: Frozen<ResourceList>,
): boolean {
  return compareAmounts(within(name, used, there, onItsWay), getOwn(used, name) ?? '0') !== 0
}

/** What is used of `name`, made no less than what is there, and no more than that and all that may be on its way. */
export function within(
  name: string,
  used: Frozen<ResourceList>,
  there: Frozen<ResourceList>,
  onItsWay: Frozen<ResourceList>,
): ResourceList[string] {
  const now = getOwn(used, name) ?? '0'
  const least = getOwn(there, name) ?? '0'
  const charged = getOwn(onItsWay, name)
  const most = charged === undefined ? least : (addAmounts({ [name]: least }, { [name]: charged })[name] ?? least)
  if (compareAmounts(now, least) < 0) return least
  return compareAmounts(now, most) > 0 ? most : now
}
