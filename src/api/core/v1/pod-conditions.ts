import { timestamp, type Frozen } from '../../../apimachinery/meta.ts'
import type { Pod, PodCondition, PodStatus } from '../../generated/types/core/v1.ts'

interface AnyCondition {
  readonly type?: string
  readonly status?: string
}

/** The first condition of this type. Works for the conditions of any kind. */
export function conditionOf<C extends AnyCondition>(
  conditions: readonly C[] | null | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type)
}

/** Whether the condition of this type is there and `True`. */
export function isConditionTrue(conditions: readonly AnyCondition[] | null | undefined, type: string): boolean {
  return conditionOf(conditions, type)?.status === 'True'
}

/** Whether the pod's condition `Ready` is true. */
export function isPodReady(pod: Frozen<Pod>): boolean {
  return isConditionTrue(pod.status?.conditions, 'Ready')
}

/** Whether the pod has been ready for `minReadySeconds` at `now` (ms since the epoch). */
export function isPodAvailable(pod: Frozen<Pod>, minReadySeconds: number, now: number): boolean {
  const ready = conditionOf(pod.status?.conditions, 'Ready')
  if (ready?.status !== 'True') return false
  if (minReadySeconds === 0) return true
  return ready.lastTransitionTime !== undefined && Date.parse(ready.lastTransitionTime) + minReadySeconds * 1000 <= now
}

/** Whether the pod has ended for good: no container will start again. */
export function isPodTerminal(pod: Frozen<Pod>): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

/** Whether a pod counts as one of its controller's: it has not ended and is not being deleted. */
export function isPodActive(pod: Frozen<Pod>): boolean {
  return !isPodTerminal(pod) && !pod.metadata.deletionTimestamp
}

/**
 * Sets a condition in place; `lastTransitionTime` moves only when the status changes. Returns whether anything changed
 * (upstream's UpdatePodCondition).
 */
export function setPodCondition(status: PodStatus, condition: PodCondition, now: number): boolean {
  const conditions = (status.conditions ??= [])
  const index = conditions.findIndex(({ type }) => type === condition.type)
  const old = conditions[index]
  if (!old) {
    conditions.push({ ...condition, lastTransitionTime: timestamp(now) })
    return true
  }
  const sameStatus = old.status === condition.status
  const kept = sameStatus ? old.lastTransitionTime : timestamp(now)
  conditions[index] = { ...condition, ...(kept !== undefined && { lastTransitionTime: kept }) }
  return !sameStatus || old.reason !== condition.reason || old.message !== condition.message
}
