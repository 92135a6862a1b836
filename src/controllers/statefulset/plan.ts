import { isPodAvailable, isPodReady } from '../../api/core/v1/pod-conditions.ts'
import type { StatefulSet, StatefulSetStatus } from '../../api/generated/types/apps/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { ordinalOf, ordinalRange, revisionOf } from './identity.ts'

/** What a pass starts from. */
export interface Scene {
  readonly set: Frozen<StatefulSet>
  readonly pods: readonly Frozen<Pod>[]
  /** Names of the revision that pods are moved from, and of the one they are moved to. */
  readonly current: string
  readonly update: string
  readonly now: number
}

export type Step =
  /** Make the pod of this ordinal, of the current or the updated revision. */
  | { readonly action: 'create'; readonly ordinal: number; readonly revision: 'current' | 'update' }
  | { readonly action: 'delete'; readonly pod: Frozen<Pod>; readonly why: 'ended' | 'surplus' | 'update' }

/**
 * The next steps. In order one pod at a time: the next is touched when all before it run and are available. In parallel all
 * that is missing or too much at once. Updates go from the last ordinal down, one pod at a time in either case.
 */
export function planSteps(scene: Scene): readonly Step[] {
  const { set } = scene
  const isOrdered = set.spec.podManagementPolicy !== 'Parallel'
  const { first, end } = ordinalRange(set)
  const byOrdinal = new Map(scene.pods.map((pod) => [ordinalOf(set, pod), pod]))
  const steps: Step[] = []
  for (let ordinal = first; ordinal < end; ordinal++) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) steps.push({ action: 'create', ordinal, revision: revisionFor(scene, ordinal) })
    else if (hasEnded(pod)) steps.push(...(isDeleting(pod) ? [] : [{ action: 'delete', pod, why: 'ended' } as const]))
    if (isOrdered && (!pod || hasEnded(pod) || !isSettled(pod, scene))) return steps
  }
  const surplus = scene.pods
    .filter((pod) => !inRange(scene, pod))
    .toSorted((a, b) => (ordinalOf(set, b) ?? 0) - (ordinalOf(set, a) ?? 0))
  for (const pod of surplus) {
    if (isDeleting(pod)) {
      if (isOrdered) return steps
      continue
    }
    // One that isn't healthy may go only when it is the first of those: the others might still be needed.
    if (isOrdered && !isSettled(pod, scene) && pod !== firstUnhealthy(scene)) return steps
    steps.push({ action: 'delete', pod, why: 'surplus' })
    if (isOrdered) return steps
  }
  return steps.length > 0 && isOrdered ? steps : [...steps, ...planUpdate(scene, byOrdinal)]
}

/** During a rolling update ordinals below the partition, and those not reached yet, are of the current revision. */
function revisionFor({ set }: Scene, ordinal: number): 'current' | 'update' {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {}
  if (type !== 'RollingUpdate') return 'update'
  const { first } = ordinalRange(set)
  const below = rollingUpdate ? first + (rollingUpdate.partition ?? 0) : first + (set.status?.currentReplicas ?? 0)
  return ordinal < below ? 'current' : 'update'
}

function planUpdate({ set, update }: Scene, byOrdinal: ReadonlyMap<number | undefined, Frozen<Pod>>): Step[] {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {}
  if (type !== 'RollingUpdate') return []
  const { first, end } = ordinalRange(set)
  for (let ordinal = end - 1; ordinal >= first + (rollingUpdate?.partition ?? 0); ordinal--) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) return []
    if (revisionOf(pod) !== update && !isDeleting(pod)) return [{ action: 'delete', pod, why: 'update' }]
    if (!isHealthy(pod)) return []
  }
  return []
}

function firstUnhealthy(scene: Scene): Frozen<Pod> | undefined {
  const { set, pods } = scene
  const sorted = pods.toSorted((a, b) => (ordinalOf(set, a) ?? 0) - (ordinalOf(set, b) ?? 0))
  const rank = (pod: Frozen<Pod>): number => (inRange(scene, pod) ? 0 : 1)
  return sorted.toSorted((a, b) => rank(a) - rank(b)).find((pod) => !isHealthy(pod))
}

function inRange({ set }: Scene, pod: Frozen<Pod>): boolean {
  const { first, end } = ordinalRange(set)
  const ordinal = ordinalOf(set, pod)
  return ordinal !== undefined && first <= ordinal && ordinal < end
}

function isDeleting({ metadata }: Frozen<Pod>): boolean {
  return metadata.deletionTimestamp !== undefined
}

function hasEnded({ status }: Frozen<Pod>): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Succeeded'
}

function isRunning(pod: Frozen<Pod>): boolean {
  return pod.status?.phase === 'Running' && isPodReady(pod)
}

function isHealthy(pod: Frozen<Pod>): boolean {
  return isRunning(pod) && !isDeleting(pod)
}

/** Runs, is available and stays. */
function isSettled(pod: Frozen<Pod>, { set, now }: Scene): boolean {
  return isHealthy(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now)
}

/** The status of a set with these pods. When all are updated and ready, the update's revision is the current one. */
export function statefulStatus(scene: Scene, collisionCount: number): Frozen<StatefulSetStatus> {
  const { set, pods, current, update, now } = scene
  const alive = pods.filter((pod) => !isDeleting(pod))
  const count = (list: readonly Frozen<Pod>[], is: (pod: Frozen<Pod>) => boolean): number => list.filter(is).length
  const ready = count(pods, isRunning)
  const available = count(pods, (pod) => isRunning(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now))
  const updated = count(alive, (pod) => revisionOf(pod) === update)
  const wanted = set.spec.replicas ?? 1
  const isRolling = (set.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
  const isComplete = isRolling && updated === wanted && pods.length === wanted && ready === wanted
  const currentReplicas = isComplete ? updated : count(alive, (pod) => revisionOf(pod) === current)
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    ...(ready > 0 && { readyReplicas: ready }),
    ...(currentReplicas > 0 && { currentReplicas }),
    ...(updated > 0 && { updatedReplicas: updated }),
    currentRevision: isComplete ? update : current,
    updateRevision: update,
    collisionCount,
    ...(set.status?.conditions && { conditions: set.status.conditions }),
    availableReplicas: available,
  }
}
