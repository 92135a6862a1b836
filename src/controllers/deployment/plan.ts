import type { Deployment } from '../../api/generated/types/apps/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import {
  annotatedNumber,
  available,
  desired,
  DESIRED_REPLICAS,
  fenceposts,
  isActive,
  isRollingUpdate,
  MAX_REPLICAS,
  maxUnavailable,
  oldestFirst,
  size,
  total,
  type Set,
} from './sizes.ts'

/** A replica set is to have another size. */
export interface Resize {
  readonly set: Set
  readonly to: number
}

/** Whether the deployment's size was changed since its replica sets were last sized: then they are scaled in proportion before the rollout goes on. */
export function isScalingEvent(d: Frozen<Deployment>, sets: readonly Set[]): boolean {
  return sets.filter(isActive).some((set) => {
    const annotated = annotatedNumber(set, DESIRED_REPLICAS)
    return annotated !== undefined && annotated !== desired(d)
  })
}

/** The size at which the new replica set is to be, or to be created: as large as the surge allows. */
export function newSetSize(d: Frozen<Deployment>, sets: readonly Set[], newSize: number): number {
  if (!isRollingUpdate(d)) return desired(d)
  const room = desired(d) + fenceposts(d).maxSurge - total(sets, size)
  return room <= 0 ? newSize : newSize + Math.min(room, desired(d) - newSize)
}

/** The next step of a rolling update: the new set grows as far as it may; else the old ones shrink as far as they may. */
export function planRolling(d: Frozen<Deployment>, newSet: Set, oldSets: readonly Set[]): readonly Resize[] {
  const grown = size(newSet) > desired(d) ? desired(d) : newSetSize(d, [...oldSets, newSet], size(newSet))
  if (grown !== size(newSet)) return [{ set: newSet, to: grown }]
  return shrinkOld(d, newSet, oldSets.filter(isActive).toSorted(oldestFirst))
}

/**
 * Old sets give up pods that aren't available first, so that these cannot block the rollout, then available ones above the
 * minimum. New pods that aren't available yet count as missing.
 */
function shrinkOld(d: Frozen<Deployment>, newSet: Set, oldSets: readonly Set[]): readonly Resize[] {
  const minAvailable = desired(d) - maxUnavailable(d)
  const newUnavailable = size(newSet) - available(newSet)
  const mayGo = total([...oldSets, newSet], size) - minAvailable - newUnavailable
  if (mayGo <= 0 || oldSets.length === 0) return []
  const sizes = new Map(oldSets.map((set) => [set, size(set)]))
  take(sizes, mayGo, (set, now) => Math.max(0, now - available(set)))
  take(sizes, total([...oldSets, newSet], staying) - minAvailable, (_, now) => now)
  return [...sizes].filter(([set, to]) => to !== size(set)).map(([set, to]) => ({ set, to }))
}

/** The available pods that a set will keep: one that was made smaller a moment ago may not have said so in its status yet. */
function staying(set: Set): number {
  return Math.min(available(set), size(set))
}

/** Takes up to `count` from the sizes, one set after another, of each no more than `from` allows. */
function take(sizes: Map<Set, number>, count: number, from: (set: Set, now: number) => number): void {
  let left = count
  for (const [set, now] of sizes) {
    if (left <= 0) return
    const taken = Math.min(left, from(set, now))
    sizes.set(set, now - taken)
    left -= taken
  }
}

/**
 * Scales without hastening the rollout: the only active set, or the newest, gets it all; once the new set carries everything the old
 * ones go; else each active set gets its share of what is added or removed.
 */
export function planScaling(
  d: Frozen<Deployment>,
  newSet: Set | undefined,
  oldSets: readonly Set[],
): readonly Resize[] {
  const all = newSet ? [...oldSets, newSet] : oldSets
  const active = all.filter(isActive)
  if (active.length <= 1) {
    const only = active[0] ?? newSet ?? oldSets.toSorted(oldestFirst).at(-1)
    return only ? [{ set: only, to: desired(d) }] : []
  }
  if (newSet && isSaturated(d, newSet)) return oldSets.filter(isActive).map((set) => ({ set, to: 0 }))
  return isRollingUpdate(d) ? proportional(d, active) : []
}

/** Whether the new set believes, and the deployment too, that it carries everything. */
function isSaturated(d: Frozen<Deployment>, set: Set): boolean {
  return (
    size(set) === desired(d) && annotatedNumber(set, DESIRED_REPLICAS) === desired(d) && available(set) === desired(d)
  )
}

/** All active sets, so that their annotations follow the deployment's size even where their own stays. */
function proportional(d: Frozen<Deployment>, active: readonly Set[]): readonly Resize[] {
  const allowed = desired(d) > 0 ? desired(d) + fenceposts(d).maxSurge : 0
  const toAdd = allowed - total(active, size)
  if (toAdd === 0) return active.map((set) => ({ set, to: size(set) }))
  const newerFirst = toAdd > 0
  const sorted = active.toSorted((a, b) => size(b) - size(a) || (newerFirst ? oldestFirst(b, a) : oldestFirst(a, b)))
  let added = 0
  const shares = sorted.map((set) => {
    const left = toAdd - added
    const fraction = left === 0 ? 0 : shareOf(d, set)
    const share = toAdd > 0 ? Math.min(fraction, left) : Math.max(fraction, left)
    added += share
    return { set, to: size(set) + share }
  })
  // What rounding left over goes to the largest.
  return shares.map(({ set, to }, at) => ({ set, to: at === 0 ? Math.max(0, to + toAdd - added) : to }))
}

/** How much a set would grow or shrink to keep its part of the whole. */
function shareOf(d: Frozen<Deployment>, set: Set): number {
  if (desired(d) === 0) return -size(set)
  const whole = desired(d) + fenceposts(d).maxSurge
  // Zero, or none, would divide by nothing: fall back on what the deployment has now.
  const former = annotatedNumber(set, MAX_REPLICAS) || d.status?.replicas || size(set)
  return roundHalfAway((size(set) * whole) / former) - size(set)
}

function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value))
}

/** The old replica sets beyond the history limit that can go: the oldest of those that have no pods. */
export function setsBeyondHistory(d: Frozen<Deployment>, oldSets: readonly Set[]): readonly Set[] {
  const limit = d.spec.revisionHistoryLimit
  if (limit === undefined || limit === 2 ** 31 - 1) return []
  const alive = oldSets.filter((set) => !set.metadata.deletionTimestamp).toSorted(oldestFirst)
  return alive.slice(0, Math.max(0, alive.length - limit)).filter(isEmpty)
}

function isEmpty(set: Set): boolean {
  const isObserved = (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0)
  return (set.status?.replicas ?? 0) === 0 && size(set) === 0 && isObserved
}
