import { addAmounts, moreThan, nonZero } from '../../api/core/v1/quota/amounts.ts'
import { scopesOf } from '../../api/core/v1/quota/scopes.ts'
import { hasOverstayed } from '../../api/core/v1/quota/usage.ts'
import type { Pod, ResourceList, ResourceQuota } from '../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { revisionOf } from '../../client/informer/revision.ts'
import type { Clock } from '../../lib/clock.ts'
import { getOwn } from '../../lib/own.ts'
import { usageIn } from './plan.ts'

/**
 * A request that was charged is over by then: it has stored its object, or never will. The time that a request may take, and half of
 * that again.
 */
export const UNDER_WAY_MS = 90_000

/** Charges seen within this time are kept as one. */
const AT_ONCE_MS = 1000

/** What is seen charged now is surely over then. */
export const SURELY_OVER_MS = UNDER_WAY_MS + AT_ONCE_MS

/** Servers' clocks may differ by this, and creationTimestamps are whole seconds. */
const CLOCKS_DIFFER_MS = 2000

/** What an object uses less than before, or used when it was deleted. */
export interface Fall {
  readonly uid: string
  /** resourceVersion of the change; 0: of none. */
  readonly revision: number
  readonly usage: ResourceList
}

/** What is known of a quota besides what its status says. */
export class QuotaTally {
  readonly uid: string
  /** Pods that are there, but whose time to end is over: their use has been given back. */
  readonly overstayed = new Set<string>()
  /** Until when objects may come that nobody charged: their requests were under way before there was anything to charge. */
  unchargedUntilMs = -Infinity
  /** Seen, and not yet taken off what is used. */
  #falls: Fall[] = []
  /** By name, the resourceVersion at which what is used was last set to what is there: older falls are in it. */
  readonly #countedAt = new Map<string, number>()
  /** The newest status. */
  #known: { readonly revision: number; readonly used: Frozen<ResourceList> } | undefined
  /** What was charged and did not arrive yet, oldest first. */
  #charged: { readonly atMs: number; readonly wallMs: number; amounts: ResourceList }[] = []
  /** Taken off by a write of which nobody told the outcome, to the quota of that resourceVersion. */
  #perhaps: { readonly resourceVersion: string | undefined; readonly falls: readonly Fall[] } | undefined
  #scopes: string | undefined

  constructor(uid: string) {
    this.uid = uid
  }

  /**
   * Notes what admission charged since the status that was known; whether that is anything. When none was known, all of it may have been
   * charged just now.
   */
  observe({ metadata, status }: Frozen<ResourceQuota>, clock: Clock): boolean {
    const revision = revisionOf(metadata.resourceVersion)
    if (this.#known && revision <= this.#known.revision) return false
    const before = this.#known?.used
    const used = status?.used ?? {}
    this.#known = { revision, used }
    const names = Object.keys(used).filter((name) => !before || getOwn(before, name) !== undefined)
    const amounts = nonZero(before ? moreThan(used, before) : used, new Set(names))
    if (Object.keys(amounts).length === 0) return false
    const last = this.#charged.at(-1)
    const atMs = clock.monotonic()
    if (last && atMs - last.atMs < AT_ONCE_MS) last.amounts = addAmounts(last.amounts, amounts)
    else this.#charged.push({ atMs, wallMs: clock.now(), amounts })
    this.#expire(atMs)
    return true
  }

  /**
   * Notes that an object is there: what it uses is on its way no longer. It was charged when it was created or later, so it is taken off
   * the oldest such charge: if that was another's, its own is kept the longer for that.
   */
  arrived(quota: Frozen<ResourceQuota>, resource: string, object: Frozen<KubeObject>, now: number): void {
    const created = Date.parse(object.metadata.creationTimestamp ?? '')
    // An old one that is told of only now was not charged lately.
    if (this.#charged.length === 0 || !(now - created < UNDER_WAY_MS)) return
    const since = created - CLOCKS_DIFFER_MS - AT_ONCE_MS
    let rest: ResourceList | undefined
    for (const charge of this.#charged) {
      if (charge.wallMs <= since) continue
      rest ??= usageIn(quota, resource, object, false)
      const more = moreThan(rest, charge.amounts)
      charge.amounts = moreThan(charge.amounts, rest)
      rest = more
      if (Object.keys(rest).length === 0) break
    }
    this.#charged = this.#charged.filter(({ amounts }) => Object.keys(amounts).length > 0)
  }

  /** What was charged so lately that its objects may come yet, and in how long the oldest of that is over. */
  onItsWay(nowMs: number): { readonly amounts: ResourceList; readonly overInMs: number } {
    this.#expire(nowMs)
    let sum: ResourceList = {}
    for (const { amounts } of this.#charged) sum = addAmounts(sum, amounts)
    const oldest = this.#charged[0]?.atMs ?? Infinity
    return { amounts: sum, overInMs: oldest + SURELY_OVER_MS - nowMs }
  }

  /** Notes what an object of `resource` uses no longer; whether that is anything. `now` is undefined when it is gone. */
  note(
    quota: Frozen<ResourceQuota>,
    resource: string,
    now: Frozen<KubeObject> | undefined,
    old: Frozen<KubeObject>,
  ): boolean {
    const { uid = '', resourceVersion } = (now ?? old).metadata
    const overstayed = this.overstayed.has(uid)
    const before = usageIn(quota, resource, old, overstayed)
    const less = now ? moreThan(before, usageIn(quota, resource, now, overstayed)) : before
    if (!now) this.overstayed.delete(uid)
    const revision = revisionOf(resourceVersion)
    const names = Object.keys(less).filter((name) => revision > (this.#countedAt.get(name) ?? -1))
    return this.#fall({ uid, revision, usage: nonZero(less, new Set(names)) })
  }

  /** Gives back what pods use whose time to end is over now. Of those that were so when the quota was first seen, that has been done. */
  noteOverstaying(quota: Frozen<ResourceQuota>, pods: readonly Frozen<Pod>[], now: number): void {
    const first = this.#scopes === undefined
    for (const pod of pods) {
      const { uid = '' } = pod.metadata
      if (this.overstayed.has(uid) || !hasOverstayed(pod, now)) continue
      const usage = moreThan(usageIn(quota, 'pods', pod, false), usageIn(quota, 'pods', pod, true))
      this.overstayed.add(uid)
      if (!first) this.#fall({ uid, revision: 0, usage: nonZero(usage, new Set(Object.keys(usage))) })
    }
  }

  /** Whether the quota is about other objects than it was, or was not looked at before. */
  isOfOtherScopes({ spec }: Frozen<ResourceQuota>): 'other' | 'same' | 'new' {
    const scopes = JSON.stringify(scopesOf(spec ?? {}))
    const before = this.#scopes
    this.#scopes = scopes
    if (before === undefined) return 'new'
    return before === scopes ? 'same' : 'other'
  }

  /** All that is to be taken off what is used. What was perhaps taken off is not, once the quota is another. */
  falls({ metadata }: Frozen<ResourceQuota>): readonly Fall[] {
    const perhaps = this.#perhaps
    if (perhaps && perhaps.resourceVersion !== metadata.resourceVersion) {
      this.#perhaps = undefined
      this.forget(perhaps.falls)
    }
    return [...this.#falls]
  }

  /** They are taken off. */
  forget(falls: readonly Fall[]): void {
    const gone = new Set(falls)
    this.#falls = this.#falls.filter((fall) => !gone.has(fall))
  }

  /** They may be taken off. */
  doubt({ metadata }: Frozen<ResourceQuota>, falls: readonly Fall[]): void {
    this.#perhaps = { resourceVersion: metadata.resourceVersion, falls }
  }

  /** What is used of `name` is what was there at this resourceVersion. */
  counted(name: string, revision: number): void {
    this.#countedAt.set(name, revision)
  }

  #expire(nowMs: number): void {
    const youngest = nowMs - SURELY_OVER_MS
    if (this.#charged[0] && this.#charged[0].atMs <= youngest)
      this.#charged = this.#charged.filter(({ atMs }) => atMs > youngest)
  }

  #fall(fall: Fall): boolean {
    if (Object.keys(fall.usage).length === 0) return false
    this.#falls.push(fall)
    return true
  }
}

/** The sum of what they were. */
export function sumOf(falls: readonly Fall[]): ResourceList {
  let sum: ResourceList = {}
  for (const { usage } of falls) sum = addAmounts(sum, usage)
  return sum
}
