import type { Job, JobStatus } from '../../api/generated/types/batch/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { countIndexes, formatIndexes, hasIndex, indexesOf, mergeIndexes } from './indexes.ts'
import { isFailed, isIndexed, isTracked, validIndex } from './pods.ts'
import { matchFailurePolicy } from './policies.ts'
import { byIndex, type JobState } from './state.ts'

/** So many pods are noted at once, so that the status stays small and large Jobs don't starve others. */
const MAX_UNCOUNTED = 500

/** Uids of pods that have ended and are noted, until their finalizers are off and they are counted. */
export interface Uncounted {
  readonly succeeded: readonly string[]
  readonly failed: readonly string[]
}

export interface Account {
  readonly uncounted: Uncounted
  readonly completedIndexes: string | undefined
  readonly failedIndexes: string | undefined
  /** For Indexed ones: how many have succeeded. */
  readonly succeededIndexCount: number | undefined
  /** Noted or not to be counted: their finalizers may go once the status is written. */
  readonly release: readonly Frozen<Pod>[]
  /** There are more pods to note than fit. */
  readonly isPartial: boolean
}

/**
 * Which pods that have ended are noted in the status, and which are then let go. A pod's finalizer goes only after the pod was
 * noted, and it is counted only after the finalizer went, so that each is counted exactly once whatever fails between.
 * @param end how the Job ends, if it does: all its pods are let go then, and after a failure all count as failed
 */
export function account(job: Frozen<Job>, state: JobState, end: 'success' | 'failure' | undefined): Account {
  const noted = {
    succeeded: [...(job.status?.uncountedTerminatedPods?.succeeded ?? [])],
    failed: [...(job.status?.uncountedTerminatedPods?.failed ?? [])],
  }
  const newIndexes: number[] = []
  const release: Frozen<Pod>[] = []
  let isPartial = false
  for (const pod of isIndexed(job) ? state.pods.toSorted(byIndex) : state.pods) {
    if (!isTracked(pod) || !mayRelease(job, state, pod, end)) continue
    release.push(pod)
    note(job, state, pod, { end, noted, newIndexes })
    if (newIndexes.length + noted.succeeded.length + noted.failed.length >= MAX_UNCOUNTED) {
      isPartial = true
      break
    }
  }
  const completed = mergeIndexes(state.succeededBefore, indexesOf(newIndexes))
  return {
    uncounted: noted,
    completedIndexes: isIndexed(job) ? formatIndexes(completed) : undefined,
    failedIndexes: state.failedIndexes && formatIndexes(state.failedIndexes),
    succeededIndexCount: isIndexed(job) ? countIndexes(completed) : undefined,
    release,
    isPartial,
  }
}

function mayRelease(
  job: Frozen<Job>,
  { awaitingSuccessor }: JobState,
  pod: Frozen<Pod>,
  end: string | undefined,
): boolean {
  if (job.metadata.deletionTimestamp || end || pod.status?.phase === 'Succeeded') return true
  if (!isFailed(pod, job)) return false
  const index = validIndex(pod, job)
  return index === undefined || awaitingSuccessor.get(index)?.metadata.uid !== pod.metadata.uid
}

interface Noting {
  readonly end: 'success' | 'failure' | undefined
  readonly noted: { readonly succeeded: string[]; readonly failed: string[] }
  readonly newIndexes: number[]
}

function note(job: Frozen<Job>, state: JobState, pod: Frozen<Pod>, { end, noted, newIndexes }: Noting): void {
  const uid = pod.metadata.uid ?? ''
  const index = validIndex(pod, job)
  if (pod.status?.phase === 'Succeeded' && !noted.failed.includes(uid)) {
    if (!isIndexed(job)) {
      if (!noted.succeeded.includes(uid)) noted.succeeded.push(uid)
    } else if (index !== undefined && !hasIndex(state.succeededBefore, index)) newIndexes.push(index)
    return
  }
  if (!isFailed(pod, job) && end !== 'failure') return
  const isKnown = noted.failed.includes(uid) || (isIndexed(job) && index === undefined)
  if (!isKnown && matchFailurePolicy(job, pod).counts) noted.failed.push(uid)
}

/** Counts the noted pods that no longer have their finalizer: they can't be noted again. */
export function countReleased(status: Frozen<JobStatus>, stillTracked: ReadonlySet<string>): Frozen<JobStatus> {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  const left = {
    succeeded: succeeded.filter((uid) => stillTracked.has(uid)),
    failed: failed.filter((uid) => stillTracked.has(uid)),
  }
  const more = { succeeded: succeeded.length - left.succeeded.length, failed: failed.length - left.failed.length }
  return {
    ...status,
    ...counted('succeeded', (status.succeeded ?? 0) + more.succeeded),
    ...counted('failed', (status.failed ?? 0) + more.failed),
    uncountedTerminatedPods: uncountedField(left),
  }
}

export function uncountedField({
  succeeded,
  failed,
}: Uncounted): Frozen<NonNullable<JobStatus['uncountedTerminatedPods']>> {
  return { ...(succeeded.length > 0 && { succeeded }), ...(failed.length > 0 && { failed }) }
}

export function counted(name: string, count: number): Record<string, number> {
  return count === 0 ? {} : { [name]: count }
}
