import { addAmounts } from '../../api/core/v1/quota/amounts.ts'
import { resourceOfQuotaName } from '../../api/core/v1/quota/usage.ts'
import type { ResourceList, ResourceQuota } from '../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { revisionOf } from '../../client/informer/revision.ts'
import { getOwn } from '../../lib/own.ts'
import { countedResources, isDoubtful, missingNames, usageOf, within, without } from './plan.ts'
import { type Fall, sumOf, type QuotaTally, UNDER_WAY_MS } from './tally.ts'

/** All objects of a resource in the quota's namespace. */
export interface Objects {
  readonly items: readonly Frozen<KubeObject>[]
  readonly resourceVersion: string
}

/** Where objects are read: a cache that is quick and may be behind, and the API that tells all there is now. Undefined for what is not served. */
export interface Sources {
  cached(resource: string): readonly Frozen<KubeObject>[] | undefined
  read(resource: string): Promise<Objects | undefined>
}

/** What is used, and what was taken off for that. */
export interface Recount {
  readonly used: ResourceList
  readonly falls: readonly Fall[]
  /** Something is charged that is not there, and may come yet: look again then. */
  readonly againInMs: number | undefined
}

/**
 * What is used of a quota: what its status says, less what was seen to fall. What the status does not say, or cannot be right about, is
 * counted among all objects that there are now.
 */
export async function recount(
  quota: Frozen<ResourceQuota>,
  tally: QuotaTally,
  sources: Sources,
  nowMs: number,
): Promise<Recount> {
  const scopes = tally.isOfOtherScopes(quota)
  const missing = new Set(scopes === 'other' ? Object.keys(quota.spec?.hard ?? {}) : missingNames(quota))
  if (missing.size > 0) tally.unchargedUntilMs = nowMs + UNDER_WAY_MS
  // What was deleted before the objects are read is not among them.
  if (scopes === 'other') tally.forget(tally.falls(quota))
  const { amounts: onItsWay, overInMs } = tally.onItsWay(nowMs)
  const there = inCaches(quota, tally, sources)
  const told = statusOf(quota)
  const estimate = without(told, sumOf(tally.falls(quota)))
  const doubtful = Object.keys(estimate).filter(
    (name) => missing.has(name) || isDoubtful(name, estimate, there, onItsWay),
  )
  const read = await readAll(doubtful, sources)
  // From here on nothing is waited for: what falls later is for the next time.
  const falls = tally.falls(quota)
  const used = without(told, sumOf(falls))
  for (const name of doubtful) {
    const objects = read.get(resourceOfQuotaName(name) ?? '')
    if (!objects) continue
    const least = stillThere(quota, tally, name, objects, falls)
    const counted = missing.has(name) ? least : within(name, used, { [name]: least }, onItsWay)
    if (counted === used[name] && !missing.has(name)) continue
    used[name] = counted ?? '0'
    tally.counted(name, revisionOf(objects.resourceVersion))
  }
  const isAhead = Object.keys(used).some((name) => isDoubtful(name, used, there, {}))
  return { used, falls, againInMs: isAhead ? overInMs : undefined }
}

function inCaches(quota: Frozen<ResourceQuota>, tally: QuotaTally, sources: Sources): ResourceList {
  const used: ResourceList = {}
  for (const resource of countedResources(quota))
    Object.assign(used, usageOf(quota, resource, sources.cached(resource) ?? [], tally.overstayed))
  return used
}

/** What the status says of all that the quota limits; zero where it says nothing. */
function statusOf({ spec, status }: Frozen<ResourceQuota>): ResourceList {
  const names = Object.keys(spec?.hard ?? {})
  return Object.fromEntries(names.map((name) => [name, getOwn(status?.used ?? {}, name) ?? '0']))
}

async function readAll(names: readonly string[], sources: Sources): Promise<ReadonlyMap<string, Objects>> {
  const read = new Map<string, Objects>()
  for (const resource of new Set(names.flatMap((name) => resourceOfQuotaName(name) ?? []))) {
    const objects = await sources.read(resource)
    if (objects) read.set(resource, objects)
  }
  return read
}

/** What the objects that were read use of `name`, less what of that has fallen since. */
function stillThere(
  quota: Frozen<ResourceQuota>,
  tally: QuotaTally,
  name: string,
  { items, resourceVersion }: Objects,
  falls: readonly Fall[],
): ResourceList[string] {
  const resource = resourceOfQuotaName(name) ?? ''
  const there = getOwn(usageOf(quota, resource, items, tally.overstayed), name) ?? '0'
  const uids = new Set(items.map(({ metadata }) => metadata.uid ?? ''))
  const since = falls.filter(({ uid, revision }) => uids.has(uid) && revision > revisionOf(resourceVersion))
  const less = addAmounts({ [name]: '0' }, sumOf(since))
  return without({ [name]: there }, less)[name] ?? '0'
}
