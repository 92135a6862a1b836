import { conditionOf } from '../../api/core/v1/pod-conditions.ts'
import type { Job, JobCondition } from '../../api/generated/types/batch/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { isPodTerminal } from '../../api/core/v1/pod-conditions.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'
import { cheapestToDelete } from '../pods/deletion-order.ts'
import { remainingMs, type FailureRecord } from './backoff.ts'
import { countIndexes, firstFreeIndexes, indexesOf, mergeIndexes } from './indexes.ts'
import { finishedMs, isFailed, isIndexed, onlyReplacesFailed, validIndex } from './pods.ts'
import { matchFailurePolicy, matchSuccessPolicy } from './policies.ts'
import { allFailures, byIndex, indexValues, type JobState } from './state.ts'

export type Condition = Frozen<JobCondition>

/** At most so many pods are created or deleted before looking again. */
const MAX_PER_SYNC = 500

export function condition(
  type: string,
  status: 'True' | 'False',
  reason: string,
  message: string,
  now: number,
): Condition {
  const at = timestamp(now)
  return {
    type,
    status,
    lastProbeTime: at,
    lastTransitionTime: at,
    ...(reason && { reason }),
    ...(message && { message }),
  }
}

export function isTrue(job: Frozen<Job>, type: string): boolean {
  return conditionOf(job.status?.conditions, type)?.status === 'True'
}

export function isFinished(job: Frozen<Job>): boolean {
  return isTrue(job, 'Complete') || isTrue(job, 'Failed')
}

export function isSuspended({ spec }: Frozen<Job>): boolean {
  return spec.suspend === true
}

/**
 * Whether the Job is to end before all its work is done, and why: SuccessCriteriaMet, FailureTarget, or Failed where
 * FailureTarget stands in the status already.
 */
export function earlyEnd(job: Frozen<Job>, state: JobState, now: number): Condition | undefined {
  const met = conditionOf(job.status?.conditions, 'SuccessCriteriaMet')
  if (met?.status === 'True') return met
  const target = conditionOf(job.status?.conditions, 'FailureTarget')
  if (target?.status === 'True') return condition('Failed', 'True', target.reason ?? '', target.message ?? '', now)
  const fail = (reason: string, message: string): Condition => condition('FailureTarget', 'True', reason, message, now)
  const refused = state.pods.filter((pod) => isFailed(pod, job)).map((pod) => matchFailurePolicy(job, pod).message)
  const refusal = refused.find((message) => message !== undefined)
  if (refusal !== undefined) return fail('PodFailurePolicy', refusal)
  if (state.failed > (job.spec.backoffLimit ?? 6) || restartsExceedLimit(job, state.pods))
    return fail('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  if (deadlineMs(job, now) === 0) return fail('DeadlineExceeded', 'Job was active longer than specified deadline')
  const failed = state.failedIndexes ? countIndexes(state.failedIndexes) : 0
  if (job.spec.maxFailedIndexes !== undefined && failed > job.spec.maxFailedIndexes)
    return fail('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
  if (failed > 0 && failed + countIndexes(state.succeededIndexes) >= (job.spec.completions ?? 0))
    return fail('FailedIndexes', 'Job has failed indexes')
  const success = isIndexed(job) ? matchSuccessPolicy(job, state.succeededIndexes) : undefined
  return success === undefined ? undefined : condition('SuccessCriteriaMet', 'True', 'SuccessPolicy', success, now)
}

/** The ms until the Job has been active too long; undefined when there is no such limit, or it is suspended. */
export function deadlineMs(job: Frozen<Job>, now: number): number | undefined {
  const { activeDeadlineSeconds } = job.spec
  const { startTime } = job.status ?? {}
  if (activeDeadlineSeconds === undefined || !startTime || isSuspended(job)) return undefined
  return Math.max(0, Date.parse(startTime) + activeDeadlineSeconds * 1000 - now)
}

/** With restartPolicy OnFailure a pod lives on and its containers restart: these count against the limit. */
function restartsExceedLimit({ spec }: Frozen<Job>, pods: readonly Frozen<Pod>[]): boolean {
  if (spec.template.spec.restartPolicy !== 'OnFailure') return false
  let restarts = 0
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue
    for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
      restarts += container.restartCount
  }
  const limit = spec.backoffLimit ?? 6
  return limit === 0 ? restarts > 0 : restarts >= limit
}

/** Whether all the work is done. Without `completions` one success is enough, once all others have ended too. */
export function isDone({ spec }: Frozen<Job>, succeeded: number, active: number): boolean {
  return active === 0 && (spec.completions === undefined ? succeeded > 0 : succeeded >= spec.completions)
}

/** Which pods to delete, or how many to create and at which indexes; never both. */
export interface PodPlan {
  readonly remove: readonly Frozen<Pod>[]
  readonly create: number
  /** One per pod to create, for Indexed ones. */
  readonly indexes: readonly number[]
  /** Nothing yet: look again then. */
  readonly waitMs?: number
}

const NOTHING: PodPlan = { remove: [], create: 0, indexes: [] }

export function planPods(job: Frozen<Job>, state: JobState, failures: FailureRecord, now: number): PodPlan {
  const { active } = state
  if (isSuspended(job)) return { ...NOTHING, remove: toRemove(job, state, active.length, now) }
  const wanted = wantedActive(job, state)
  const remove = toRemove(job, state, Math.max(0, active.length - wanted), now).slice(0, MAX_PER_SYNC)
  if (remove.length > 0) return { ...NOTHING, remove }
  const held = onlyReplacesFailed(job) ? state.terminating : 0
  const missing = Math.min(wanted - held - active.length, MAX_PER_SYNC)
  return missing <= 0 ? NOTHING : planCreation(job, state, { missing, failures, now })
}

function wantedActive({ spec }: Frozen<Job>, { succeeded, active }: JobState): number {
  const parallelism = spec.parallelism ?? 1
  // After the first success those at work are left to end, and no other is begun.
  if (spec.completions === undefined) return succeeded > 0 ? active.length : parallelism
  return Math.max(0, Math.min(spec.completions - succeeded, parallelism))
}

function planCreation(
  job: Frozen<Job>,
  state: JobState,
  { missing, failures, now }: { readonly missing: number; readonly failures: FailureRecord; readonly now: number },
): PodPlan {
  const isPerIndex = job.spec.backoffLimitPerIndex !== undefined
  const waitMs = isPerIndex ? 0 : remainingMs(failures, now)
  if (waitMs > 0) return { ...NOTHING, waitMs }
  if (!isIndexed(job)) return { ...NOTHING, create: missing }
  const free = firstFreeIndexes(takenIndexes(job, state), missing, job.spec.completions ?? 0)
  const waits = free.map((index) => (isPerIndex ? indexWaitMs(state.awaitingSuccessor.get(index), now) : 0))
  const indexes = free.filter((_, at) => waits[at] === 0)
  if (indexes.length > 0 || free.length === 0) return { ...NOTHING, create: indexes.length, indexes }
  return { ...NOTHING, waitMs: Math.min(...waits) }
}

function takenIndexes(
  job: Frozen<Job>,
  { pods, active, succeededIndexes, failedIndexes = [] }: JobState,
): ReturnType<typeof mergeIndexes> {
  const ending = onlyReplacesFailed(job)
    ? pods.filter((pod) => pod.metadata.deletionTimestamp && !isPodTerminal(pod))
    : []
  const busy = indexesOf(indexValues([...active, ...ending], job))
  return mergeIndexes(mergeIndexes(succeededIndexes, failedIndexes), busy)
}

function indexWaitMs(failed: Frozen<Pod> | undefined, now: number): number {
  return failed ? remainingMs({ failures: allFailures(failed) + 1, lastMs: finishedMs(failed) }, now) : 0
}

/** Pods of no or a doubled index go first, then what costs least, until there are `atLeast`. */
function toRemove(job: Frozen<Job>, { active }: JobState, atLeast: number, now: number): readonly Frozen<Pod>[] {
  const [surplus, others] = isIndexed(job) ? withoutDoubles(job, active, now) : [[], active]
  const more = atLeast - surplus.length
  return more <= 0 ? surplus : [...surplus, ...cheapestToDelete(others, more, [], now)]
}

function withoutDoubles(
  job: Frozen<Job>,
  active: readonly Frozen<Pod>[],
  now: number,
): readonly [surplus: Frozen<Pod>[], others: Frozen<Pod>[]] {
  const groups = Map.groupBy(active.toSorted(byIndex), (pod) => validIndex(pod, job))
  const surplus: Frozen<Pod>[] = []
  const others: Frozen<Pod>[] = []
  for (const [index, group] of groups) {
    const rest = index === undefined ? group : cheapestToDelete(group, group.length - 1, [], now)
    surplus.push(...rest)
    others.push(...group.filter((pod) => !rest.includes(pod)))
  }
  return [surplus, others]
}
