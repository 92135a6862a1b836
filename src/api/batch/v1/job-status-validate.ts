import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { invalidOmitted, nonNegative } from '../../checks.ts'
import { isConditionTrue } from '../../core/v1/pod-conditions.ts'
import type { Job, JobStatus } from '../../generated/types/batch/v1.ts'
import { firstOverlap, parseIndexes } from './job-indexes.ts'

type Is = (type: string) => boolean

const has =
  ({ status }: Frozen<Job>): Is =>
  (type) =>
    isConditionTrue(status?.conditions, type)

/** ValidateJobUpdateStatus. */
export function* validateJobStatus(job: Frozen<Job>, old: Frozen<Job>): Iterable<FieldError> {
  const status = job.status ?? {}
  const is = has(job)
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    yield* nonNegative(`status.${field}`, status[field])
  }
  yield* validateUncounted(status)
  yield* validateConditions(job, is)
  yield* validateTimes(status, is)
  if (is('Complete') || is('Failed')) yield* validateFinished(status)
  yield* validateIndexes(job)
  if ((status.ready ?? 0) > (status.active ?? 0)) {
    yield invalid('status.ready', status.ready, 'cannot set more ready pods than active')
  }
  yield* validateChange(job, old)
}

function* validateUncounted({ uncountedTerminatedPods: pods }: Frozen<JobStatus>): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const field of ['succeeded', 'failed'] as const) {
    for (const [index, uid] of (pods?.[field] ?? []).entries()) {
      const at = `status.uncountedTerminatedPods.${field}[${index}]`
      if (uid === '') yield invalid(at, uid, 'must not be empty')
      else if (seen.has(uid)) yield duplicate(at, uid)
      seen.add(uid)
    }
  }
}

function* validateConditions({ spec }: Frozen<Job>, is: Is): Iterable<FieldError> {
  const problem = (text: string): FieldError => invalidOmitted('status.conditions', text)
  if (is('Complete') && is('Failed')) yield problem('cannot set Complete=True and Failed=true conditions')
  if (is('Complete') && is('FailureTarget')) yield problem('cannot set Complete=True and FailureTarget=true conditions')
  if (is('Failed') && !is('FailureTarget')) {
    yield problem('cannot set Failed=True condition without the FailureTarget=true condition')
  }
  if (is('Complete') && !is('SuccessCriteriaMet')) {
    yield problem('cannot set Complete=True condition without the SuccessCriteriaMet=true condition')
  }
  if (is('SuccessCriteriaMet') && is('Failed')) {
    yield problem('cannot set SuccessCriteriaMet=True and Failed=true conditions')
  }
  if (is('SuccessCriteriaMet') && is('FailureTarget')) {
    yield problem('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions')
  }
  if (spec.successPolicy && !is('SuccessCriteriaMet') && is('Complete')) {
    yield problem('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True')
  }
}

function* validateTimes({ startTime, completionTime }: Frozen<JobStatus>, is: Is): Iterable<FieldError> {
  const field = 'status.completionTime'
  if (completionTime !== undefined && !is('Complete')) {
    const text = 'cannot set completionTime when there is no Complete=True condition'
    yield invalid(field, completionTime, text)
  }
  if (completionTime === undefined && is('Complete')) {
    yield required(field, 'completionTime is required for Complete jobs')
  }
  if (startTime !== undefined && completionTime !== undefined && Date.parse(completionTime) < Date.parse(startTime)) {
    yield invalid(field, completionTime, 'must be equal to or after `startTime`')
  }
}

function* validateFinished(status: Frozen<JobStatus>): Iterable<FieldError> {
  const { active = 0, terminating = 0, startTime, uncountedTerminatedPods: pods } = status
  if (active > 0) yield invalid('status.active', active, 'active>0 is invalid for finished job')
  if (startTime === undefined) yield required('status.startTime', 'startTime is required for finished job')
  if ((pods?.failed ?? []).length + (pods?.succeeded ?? []).length > 0) {
    yield invalid('status.uncountedTerminatedPods', pods, 'must be empty for finished job')
  }
  if (terminating > 0) yield invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job')
}

function* validateIndexes({ spec, status }: Frozen<Job>): Iterable<FieldError> {
  const { completedIndexes = '', failedIndexes } = status ?? {}
  const { completions, backoffLimitPerIndex } = spec
  const completed = completions === undefined ? [] : parseIndexes(completedIndexes, completions)
  const failed = completions === undefined ? [] : parseIndexes(failedIndexes ?? '', completions)
  if ('problem' in completed) {
    const text = `error parsing completedIndexes: ${completed.problem}`
    yield invalid('status.completedIndexes', completedIndexes, text)
  }
  if ('problem' in failed && backoffLimitPerIndex !== undefined) {
    yield invalid('status.failedIndexes', failedIndexes, `error parsing failedIndexes: ${failed.problem}`)
  }
  if (completedIndexes && spec.completionMode !== 'Indexed') {
    const text = 'cannot set non-empty completedIndexes when non-indexed completion mode'
    yield invalid('status.completedIndexes', completedIndexes, text)
  }
  if (backoffLimitPerIndex === undefined && failedIndexes !== undefined) {
    const text = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'
    yield invalid('status.failedIndexes', failedIndexes, text)
  }
  if ('problem' in completed || 'problem' in failed) return
  const overlap = firstOverlap(completed, failed)
  if (overlap === undefined) return
  const text = `failedIndexes and completedIndexes overlap at index: ${overlap}`
  yield invalid('status.failedIndexes', failedIndexes, text)
}

/** Counters only grow, and what is final stays. */
function* validateChange(job: Frozen<Job>, old: Frozen<Job>): Iterable<FieldError> {
  const is = has(job)
  const was = has(old)
  const now = job.status ?? {}
  const before = old.status ?? {}
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (was(type) && !is(type)) {
      yield invalidOmitted('status.conditions', `cannot disable the terminal ${type}=True condition`)
    }
  }
  for (const field of ['failed', 'succeeded'] as const) {
    const count = now[field] ?? 0
    if (count < (before[field] ?? 0)) yield invalid(`status.${field}`, count, `cannot decrease the ${field} counter`)
  }
  const { completionTime, startTime } = now
  if (completionTime !== undefined && (before.completionTime ?? completionTime) !== completionTime) {
    yield invalid('status.completionTime', completionTime, 'field is immutable')
  }
  const isResuming = was('Suspended') && now.conditions?.some((c) => c.type === 'Suspended' && c.status === 'False')
  if (before.startTime !== undefined && before.startTime !== startTime && !job.spec.suspend && !isResuming) {
    yield invalid('status.startTime', startTime, 'field is immutable for unsuspended job once set')
  }
  const met = 'SuccessCriteriaMet'
  if (was(met) && !is(met)) {
    yield invalidOmitted('status.conditions', `cannot disable the ${met}=True condition`)
  }
  if (was('Complete') && !was(met) && is(met)) {
    const text = `cannot set ${met}=True for Job already has Complete=true conditions`
    yield invalidOmitted('status.conditions', text)
  }
}
