import { conditionOf } from '../../api/core/v1/pod-conditions.ts'
import type { Job } from '../../api/generated/types/batch/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

/** Keeps a pod that has ended until its Job has counted it. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking'
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index'
export const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count'
export const INDEX_IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count'

export function isTracked({ metadata }: Frozen<Pod>): boolean {
  return metadata.finalizers?.includes(TRACKING_FINALIZER) ?? false
}

export function isIndexed({ spec }: Frozen<Job>): boolean {
  return spec.completionMode === 'Indexed'
}

/** The pod's index if it has one that the Job knows. */
export function validIndex(pod: Frozen<Pod>, { spec }: Frozen<Job>): number | undefined {
  const index = completionIndex(pod)
  return index !== undefined && index < (spec.completions ?? 0) ? index : undefined
}

export function completionIndex({ metadata }: Frozen<Pod>): number | undefined {
  const text = metadata.annotations?.[COMPLETION_INDEX]
  return text !== undefined && /^\+?\d+$/.test(text) ? Number(text) : undefined
}

/** Whether pods are replaced only when they have failed for good, not when they are told to end already. */
export function onlyReplacesFailed({ spec }: Frozen<Job>): boolean {
  return spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined
}

/** Whether the pod counts as failed. One that is being deleted does, unless it may still succeed. */
export function isFailed({ metadata, status }: Frozen<Pod>, job: Frozen<Job>): boolean {
  if (status?.phase === 'Failed') return true
  return !onlyReplacesFailed(job) && metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded'
}

/** How often the pods of this index failed before this one, by an annotation that each hands to the next. */
export function annotatedCount({ metadata }: Frozen<Pod>, annotation: string): number {
  const text = metadata.annotations?.[annotation] ?? ''
  const count = /^\d+$/.test(text) ? Number(text) : 0
  return count < 2 ** 31 ? count : 0
}

/** When the pod ended, in ms: by its containers, else by its readiness, else by its deletion, else its creation. */
export function finishedMs({ metadata, status }: Frozen<Pod>): number {
  const ends = (status?.containerStatuses ?? []).map((container) => container.state?.terminated?.finishedAt)
  if (ends.length > 0 && ends.every((end) => end)) return Math.max(...ends.map((end) => Date.parse(end ?? '')))
  const ready = conditionOf(status?.conditions, 'Ready')
  if (ready?.status === 'False' && ready.lastTransitionTime) return Date.parse(ready.lastTransitionTime)
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp = '' } = metadata
  if (deletionTimestamp) return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000
  return Date.parse(creationTimestamp)
}
