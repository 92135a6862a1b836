import { addResources } from '../../api/core/v1/resource-list.ts'
import { matchesQuotaScopes } from '../../api/core/v1/quota/scopes.ts'
import { quotaUsage, resourceOfQuotaName } from '../../api/core/v1/quota/usage.ts'
import type { ResourceList, ResourceQuota, ResourceQuotaStatus } from '../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'

/** The resources whose objects the quota counts: `pods`, `deployments.apps`. */
export function countedResources({ spec }: Frozen<ResourceQuota>): string[] {
  const names = Object.keys(spec?.hard ?? {}).flatMap((name) => resourceOfQuotaName(name) ?? [])
  return [...new Set(names)]
}

/** The status of a quota: what it limits, and what the objects of its namespace use of that. */
export function quotaStatus(
  { spec }: Frozen<ResourceQuota>,
  objectsOf: (resource: string) => readonly Frozen<KubeObject>[],
  now: number,
): Frozen<ResourceQuotaStatus> {
  const hard = spec?.hard ?? {}
  const used: ResourceList = {}
  for (const name of Object.keys(hard)) used[name] = '0'
  for (const resource of new Set(Object.keys(hard).flatMap((name) => resourceOfQuotaName(name) ?? []))) {
    for (const object of objectsOf(resource)) {
      if (!matchesQuotaScopes(spec ?? {}, resource, object)) continue
      const usage = Object.entries(quotaUsage(resource, object, now)).filter(([name]) => name in hard)
      addResources(used, Object.fromEntries(usage))
    }
  }
  return { hard, used }
}
