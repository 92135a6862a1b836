import { conditionOf } from '../../api/core/v1/pod-conditions.ts'
import type { Deployment, DeploymentCondition, DeploymentStatus } from '../../api/generated/types/apps/v1.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'
import { available, desired, maxUnavailable, size, total, type Set } from './sizes.ts'

export type Condition = Frozen<DeploymentCondition>

const NO_DEADLINE = 2 ** 31 - 1

/** Whether lack of progress is to be reported. */
export function hasDeadline(d: Frozen<Deployment>): boolean {
  return d.spec.progressDeadlineSeconds !== undefined && d.spec.progressDeadlineSeconds !== NO_DEADLINE
}

export function progressing(
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
  now: number,
): Condition {
  const at = timestamp(now)
  return { type: 'Progressing', status, lastUpdateTime: at, lastTransitionTime: at, reason, message }
}

/** The conditions with this one; unchanged when it is there with the same status and reason. Its transition time moves with its status only. */
export function withCondition(conditions: readonly Condition[], next: Condition): readonly Condition[] {
  const old = conditionOf(conditions, next.type)
  if (old?.status === next.status && old.reason === next.reason) return conditions
  const { lastTransitionTime } = old?.status === next.status ? old : next
  return [...withoutCondition(conditions, next.type), { ...next, ...(lastTransitionTime && { lastTransitionTime }) }]
}

export function withoutCondition(conditions: readonly Condition[], type: string): readonly Condition[] {
  return conditions.filter((condition) => condition.type !== type)
}

/** Pausing and resuming are noted, so that the pause doesn't count as lack of progress. */
export function notePause(d: Frozen<Deployment>, conditions: readonly Condition[], now: number): readonly Condition[] {
  const reason = conditionOf(conditions, 'Progressing')?.reason
  if (!hasDeadline(d) || reason === 'ProgressDeadlineExceeded') return conditions
  if (d.spec.paused && reason !== 'DeploymentPaused')
    return withCondition(conditions, progressing('Unknown', 'DeploymentPaused', 'Deployment is paused', now))
  if (!d.spec.paused && reason === 'DeploymentPaused')
    return withCondition(conditions, progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed', now))
  return conditions
}

/** What the status is made of besides the deployment. */
export interface StatusInput {
  readonly newSet: Set | undefined
  readonly sets: readonly Set[]
  readonly conditions: readonly Condition[]
  readonly collisionCount: number | undefined
  readonly now: number
}

/** The counts, and the condition Available. */
export function countStatus(d: Frozen<Deployment>, input: StatusInput): Frozen<DeploymentStatus> {
  const { newSet, sets, collisionCount, now } = input
  const availableReplicas = total(sets, available)
  const isAvailable = availableReplicas >= desired(d) - maxUnavailable(d)
  const at = timestamp(now)
  const conditions = withCondition(input.conditions, {
    type: 'Available',
    status: isAvailable ? 'True' : 'False',
    lastUpdateTime: at,
    lastTransitionTime: at,
    reason: isAvailable ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: `Deployment ${isAvailable ? 'has minimum' : 'does not have minimum'} availability.`,
  })
  return {
    observedGeneration: d.metadata.generation ?? 0,
    ...counts({
      replicas: total(sets, (set) => set.status?.replicas ?? 0),
      updatedReplicas: newSet?.status?.replicas ?? 0,
      readyReplicas: total(sets, (set) => set.status?.readyReplicas ?? 0),
      availableReplicas,
      unavailableReplicas: Math.max(0, total(sets, size) - availableReplicas),
    }),
    ...(sets.every((set) => set.status?.terminatingReplicas !== undefined) && {
      terminatingReplicas: total(sets, (set) => set.status?.terminatingReplicas ?? 0),
    }),
    ...(conditions.length > 0 && { conditions: [...conditions] }),
    ...(collisionCount !== undefined && { collisionCount }),
  }
}

function counts(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, count]) => count !== 0))
}

/** The status during a rollout: the counts, and how it is getting on. */
export function rolloutStatus(d: Frozen<Deployment>, input: StatusInput): Frozen<DeploymentStatus> {
  const counted = countStatus(d, input)
  let conditions = (counted.conditions ?? []) as readonly Condition[]
  if (!hasDeadline(d)) conditions = withoutCondition(conditions, 'Progressing')
  else conditions = judgeProgress(d, counted, conditions, input)
  conditions = moveFailure(conditions, input)
  return { ...counted, conditions: [...conditions] }
}

function judgeProgress(
  d: Frozen<Deployment>,
  status: Frozen<DeploymentStatus>,
  conditions: readonly Condition[],
  { newSet, conditions: before, now }: StatusInput,
): readonly Condition[] {
  const current = conditionOf(before, 'Progressing')
  const what = newSet ? `ReplicaSet "${newSet.metadata.name}"` : `Deployment "${d.metadata.name}"`
  const isOver =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable'
  if (isOver) return conditions
  if (isComplete(d, status)) {
    const message = `${what} has successfully progressed.`
    return withCondition(conditions, progressing('True', 'NewReplicaSetAvailable', message, now))
  }
  if (hasProgressed(d, status)) {
    const next = progressing('True', 'ReplicaSetUpdated', `${what} is progressing.`, now)
    // Its update time moves with each progress, even where status and reason stay.
    const since = current?.status === 'True' ? current.lastTransitionTime : next.lastTransitionTime
    return [...withoutCondition(conditions, 'Progressing'), { ...next, ...(since && { lastTransitionTime: since }) }]
  }
  if (hasTimedOut(d, conditions, now)) {
    const message = `${what} has timed out progressing.`
    return withCondition(conditions, progressing('False', 'ProgressDeadlineExceeded', message, now))
  }
  return conditions
}

/** Whether every desired replica is updated and available and no old one is left. */
export function isComplete(d: Frozen<Deployment>, status: Frozen<DeploymentStatus>): boolean {
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = status
  const all = desired(d)
  const isObserved = observedGeneration >= (d.metadata.generation ?? 0)
  return updatedReplicas === all && replicas === all && availableReplicas === all && isObserved
}

/** Whether there are more updated, ready or available pods, or fewer old ones, than the status that stands says. */
function hasProgressed(d: Frozen<Deployment>, status: Frozen<DeploymentStatus>): boolean {
  const old = d.status ?? {}
  const outdated = (s: Frozen<DeploymentStatus>): number => (s.replicas ?? 0) - (s.updatedReplicas ?? 0)
  return (
    (status.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    outdated(status) < outdated(old) ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  )
}

function hasTimedOut(d: Frozen<Deployment>, conditions: readonly Condition[], now: number): boolean {
  const current = conditionOf(conditions, 'Progressing')
  if (!current || current.reason === 'NewReplicaSetAvailable') return false
  return current.reason === 'ProgressDeadlineExceeded' || deadlineMs(d, current) < now
}

function deadlineMs(d: Frozen<Deployment>, { lastUpdateTime = '' }: Condition): number {
  return Date.parse(lastUpdateTime) + (d.spec.progressDeadlineSeconds ?? 0) * 1000
}

/** When to look again whether the deadline has passed; undefined when there is none to pass. */
export function progressCheckMs(
  d: Frozen<Deployment>,
  status: Frozen<DeploymentStatus>,
  now: number,
): number | undefined {
  const current = conditionOf(status.conditions as readonly Condition[] | undefined, 'Progressing')
  if (!hasDeadline(d) || !current || isComplete(d, status)) return undefined
  if (current.reason === 'ProgressDeadlineExceeded' || d.spec.paused) return undefined
  return Math.max(0, deadlineMs(d, current) - now) + 1000
}

/** Of several replica sets that fail to create pods, the new one's failure is shown. */
function moveFailure(conditions: readonly Condition[], { newSet, sets }: StatusInput): readonly Condition[] {
  const [failure] = [...(newSet ? [newSet] : []), ...sets].flatMap((set) =>
    (set.status?.conditions ?? []).filter((condition) => condition.type === 'ReplicaFailure'),
  )
  if (!failure) return withoutCondition(conditions, 'ReplicaFailure')
  const { lastTransitionTime } = failure
  return withCondition(conditions, { ...failure, ...(lastTransitionTime && { lastUpdateTime: lastTransitionTime }) })
}
