import type { Deployment, ReplicaSet } from '../../api/generated/types/apps/v1.ts'
import { scaledValue } from '../../apimachinery/intstr/intstr.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

export type Set = Frozen<ReplicaSet>

export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas'
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas'

export const desired = (d: Frozen<Deployment>): number => d.spec.replicas ?? 1
export const size = (set: Set): number => set.spec.replicas ?? 1
export const available = (set: Set): number => set.status?.availableReplicas ?? 0
export const isActive = (set: Set): boolean => size(set) > 0

export function isRollingUpdate(d: Frozen<Deployment>): boolean {
  return (d.spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
}

/** The sum of a number over replica sets. */
export function total(sets: readonly Set[], of: (set: Set) => number): number {
  return sets.reduce((sum, set) => sum + of(set), 0)
}

/** How far a rollout may go above and below the desired size. Never both 0, or it could not move. */
export function fenceposts(d: Frozen<Deployment>): { readonly maxSurge: number; readonly maxUnavailable: number } {
  if (!isRollingUpdate(d)) return { maxSurge: 0, maxUnavailable: 0 }
  const { maxSurge: surge = 0, maxUnavailable: unavailable = 0 } = d.spec.strategy?.rollingUpdate ?? {}
  const maxSurge = scaledValue(surge, desired(d), 'up')
  const maxUnavailable = scaledValue(unavailable, desired(d), 'down')
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable }
}

/** At most so many pods may be missing; never more than there should be. */
export function maxUnavailable(d: Frozen<Deployment>): number {
  return desired(d) === 0 ? 0 : Math.min(fenceposts(d).maxUnavailable, desired(d))
}

/** The annotations by which a replica set remembers the size of its deployment, to notice when that changes. */
export function sizeAnnotations(d: Frozen<Deployment>): Record<string, string> {
  return {
    [DESIRED_REPLICAS]: String(desired(d)),
    [MAX_REPLICAS]: String(desired(d) + fenceposts(d).maxSurge),
  }
}

/** A whole number out of an annotation; undefined when absent or not one. */
export function annotatedNumber(set: Set, name: string): number | undefined {
  const text = set.metadata.annotations?.[name]
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined
}

/** Oldest first; names decide between equals. */
export function oldestFirst(a: Set, b: Set): number {
  const [at, bt] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  if (at !== bt) return at < bt ? -1 : 1
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}
