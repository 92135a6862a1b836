import { getOwn } from '../../../lib/own.ts'
import type { ResourceList, ResourceQuota } from '../../../api/generated/types/core/v1.ts'
import { compareAmounts } from '../../../api/core/v1/resource-list.ts'
import { addAmounts, amountsText, moreThan, nonZero } from '../../../api/core/v1/quota/amounts.ts'
import { matchesQuotaScopes } from '../../../api/core/v1/quota/scopes.ts'
import { unstated } from '../../../api/core/v1/quota/unstated.ts'
import { quotaUsage, resourceOfQuotaName } from '../../../api/core/v1/quota/usage.ts'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'

/** A request as quotas see it. */
export interface Request {
  /** `plural.group`, or the plural alone in the core group. */
  readonly resource: string
  readonly object: Frozen<KubeObject>
  readonly oldObject: Frozen<KubeObject> | undefined
  /** What a status says is charged even where it no longer fits: it is so already. */
  readonly isStatus: boolean
}

/** The quota with the request charged to it, or why it cannot be; undefined when the quota is not about it. */
export type Charge = { readonly used: ResourceList } | { readonly refusal: string } | undefined

/** Decides about one request and one quota as it is now (upstream's CheckRequest). Pure. */
export function charge(
  quota: Frozen<ResourceQuota>,
  { resource, object, oldObject, isStatus }: Request,
  now: number,
): Charge {
  const name = quota.metadata.name ?? ''
  const { hard = {}, used = {} } = quota.status ?? {}
  const concerned = Object.keys(hard).filter((one) => resourceOfQuotaName(one) === resource)
  const inScopes = (one: Frozen<KubeObject>): boolean => matchesQuotaScopes(quota.spec ?? {}, resource, one)
  if (concerned.length === 0 || !inScopes(object)) return undefined
  const open = resource === 'pods' ? unstated(object as Frozen<Pod>, concerned) : undefined
  if (open) return { refusal: `failed quota: ${name}: must specify ${open}` }
  const unknown = concerned.filter((one) => getOwn(used, one) === undefined)
  if (unknown.length > 0)
    return { refusal: `status unknown for quota: ${name}, resources: ${concerned.toSorted().join(',')}` }
  const usage = quotaUsage(resource, object, now)
  const negative = Object.keys(usage).filter((one) => compareAmounts(usage[one] ?? 0, 0) < 0)
  if (negative.length > 0)
    return { refusal: `quota usage is negative for resource(s): ${negative.toSorted().join(',')}` }
  const wasCharged = oldObject !== undefined && inScopes(oldObject)
  const added = wasCharged ? moreThan(usage, quotaUsage(resource, oldObject, now)) : usage
  const requested = nonZero(added, new Set(Object.keys(hard)))
  if (Object.keys(requested).length === 0) return undefined
  const after = addAmounts(used, requested)
  const exceeded = (isStatus ? [] : Object.keys(requested)).filter(
    (one) => compareAmounts(getOwn(after, one) ?? 0, getOwn(hard, one) ?? 0) > 0,
  )
  if (exceeded.length === 0) return { used: after }
  const text = (list: Frozen<ResourceList>): string => amountsText(list, exceeded)
  return {
    refusal: `exceeded quota: ${name}, requested: ${text(requested)}, used: ${text(used)}, limited: ${text(hard)}`,
  }
}
