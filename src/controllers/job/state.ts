import { isPodActive, isPodReady, isPodTerminal } from '../../api/core/v1/pod-conditions.ts'
import type { Job } from '../../api/generated/types/batch/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasIndex, indexesOf, mergeIndexes, parseIndexes, countIndexes, type Indexes } from './indexes.ts'
import {
  annotatedCount,
  completionIndex,
  finishedMs,
  INDEX_FAILURES,
  INDEX_IGNORED_FAILURES,
  isFailed,
  isIndexed,
  isTracked,
  validIndex,
} from './pods.ts'
import { matchFailurePolicy } from './policies.ts'

/** What a Job and its pods come to. */
export interface JobState {
  readonly pods: readonly Frozen<Pod>[]
  readonly active: readonly Frozen<Pod>[]
  readonly terminating: number
  readonly ready: number
  /** Ended, and not noted in the status yet. */
  readonly newSucceeded: readonly Frozen<Pod>[]
  readonly newFailed: readonly Frozen<Pod>[]
  /** Counted, noted and new. Indexed: indexes. */
  readonly succeeded: number
  /** Counted, noted and new; without those that the failure policy ignores. */
  readonly failed: number
  /** For Indexed ones. `before` is what the status says. */
  readonly succeededBefore: Indexes
  readonly succeededIndexes: Indexes
  /** With backoffLimitPerIndex. */
  readonly failedIndexes: Indexes | undefined
  /** The failed pod of an index that waits for its successor, which takes over its failure count. */
  readonly awaitingSuccessor: ReadonlyMap<number, Frozen<Pod>>
}

export function observe(job: Frozen<Job>, pods: readonly Frozen<Pod>[]): JobState {
  const { status, spec } = job
  const noted = {
    succeeded: status?.uncountedTerminatedPods?.succeeded ?? [],
    failed: status?.uncountedTerminatedPods?.failed ?? [],
  }
  const isNew = (pod: Frozen<Pod>, list: readonly string[]): boolean =>
    isTracked(pod) && !list.includes(pod.metadata.uid ?? '') && (!isIndexed(job) || validIndex(pod, job) !== undefined)
  const newSucceeded = pods.filter((pod) => pod.status?.phase === 'Succeeded' && isNew(pod, noted.succeeded))
  const newFailed = pods.filter((pod) => isFailed(pod, job) && isNew(pod, noted.failed))
  const active = pods.filter(isPodActive)
  const succeededBefore = isIndexed(job) ? parseIndexes(status?.completedIndexes, spec.completions ?? 0) : []
  const succeededIndexes = isIndexed(job)
    ? mergeIndexes(succeededBefore, indexesOf(indexValues(newSucceededIndexPods(job, pods), job)))
    : []
  const failedIndexes = spec.backoffLimitPerIndex === undefined ? undefined : failedIndexesOf(job, pods)
  const succeededCount = (status?.succeeded ?? 0) + newSucceeded.length + noted.succeeded.length
  const counted = newFailed.filter((pod) => matchFailurePolicy(job, pod).counts)
  return {
    pods,
    active,
    terminating: pods.filter((pod) => pod.metadata.deletionTimestamp && !isPodTerminal(pod)).length,
    ready: active.filter(isPodReady).length,
    newSucceeded,
    newFailed,
    succeeded: isIndexed(job) ? countIndexes(succeededIndexes) : succeededCount,
    failed: (status?.failed ?? 0) + counted.length + noted.failed.length,
    succeededBefore,
    succeededIndexes,
    failedIndexes,
    awaitingSuccessor: failedIndexes
      ? lastFailures(
          job,
          pods,
          mergeIndexes(mergeIndexes(succeededIndexes, failedIndexes), indexesOf(indexValues(active, job))),
        )
      : new Map(),
  }
}

function newSucceededIndexPods(job: Frozen<Job>, pods: readonly Frozen<Pod>[]): readonly Frozen<Pod>[] {
  return pods.filter((pod) => pod.status?.phase === 'Succeeded' && isTracked(pod) && validIndex(pod, job) !== undefined)
}

/** The valid indexes of these pods. */
export function indexValues(pods: readonly Frozen<Pod>[], job: Frozen<Job>): number[] {
  return pods.flatMap((pod) => validIndex(pod, job) ?? [])
}

function failedIndexesOf(job: Frozen<Job>, pods: readonly Frozen<Pod>[]): Indexes {
  const before = parseIndexes(job.status?.failedIndexes, job.spec.completions ?? 0)
  const failed = pods.filter((pod) => isTracked(pod) && hasFailedIndex(job, pod))
  return mergeIndexes(before, indexesOf(indexValues(failed, job)))
}

/** Whether with this pod its index has failed for good. */
function hasFailedIndex(job: Frozen<Job>, pod: Frozen<Pod>): boolean {
  if (!isFailed(pod, job)) return false
  const { action, counts } = matchFailurePolicy(job, pod)
  if (action === 'FailIndex') return true
  return counts && annotatedCount(pod, INDEX_FAILURES) >= (job.spec.backoffLimitPerIndex ?? 0)
}

/** The latest failed pod of each index that is not settled and has no pod at work. */
function lastFailures(job: Frozen<Job>, pods: readonly Frozen<Pod>[], settled: Indexes): Map<number, Frozen<Pod>> {
  const last = new Map<number, Frozen<Pod>>()
  for (const pod of pods) {
    const index = validIndex(pod, job)
    if (index === undefined || !isTracked(pod) || !isFailed(pod, job) || hasIndex(settled, index)) continue
    const other = last.get(index)
    if (!other || isLater(pod, other)) last.set(index, pod)
  }
  return last
}

function isLater(a: Frozen<Pod>, b: Frozen<Pod>): boolean {
  return allFailures(a) >= allFailures(b) && finishedMs(a) >= finishedMs(b)
}

/** Failures of the pod's index before it, whether they count or not. */
export function allFailures(pod: Frozen<Pod>): number {
  return annotatedCount(pod, INDEX_FAILURES) + annotatedCount(pod, INDEX_IGNORED_FAILURES)
}

/** By index; pods without one first. */
export function byIndex(a: Frozen<Pod>, b: Frozen<Pod>): number {
  return (completionIndex(a) ?? -1) - (completionIndex(b) ?? -1)
}
