import { conditionOf, isPodReady } from '../../api/core/v1/pod-conditions.ts'
import type { Job, JobStatus } from '../../api/generated/types/batch/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { jobs, pods } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { ReconcileContext, Result } from '../../client/controller.ts'
import { inGrowingBatches } from '../pods/growing-batches.ts'
import { createPod, deletePod } from '../pods/write.ts'
import { account, counted, countReleased, uncountedField, type Account } from './account.ts'
import { recordEnds, type FailureRecord } from './backoff.ts'
import { jobPod } from './create.ts'
import { condition, deadlineMs, earlyEnd, isDone, isSuspended, planPods, type Condition } from './plan.ts'
import { isTracked, TRACKING_FINALIZER } from './pods.ts'
import { observe, type JobState } from './state.ts'

/** What of a Job is remembered between passes. */
export interface FailureMemory {
  get(): FailureRecord
  set(record: FailureRecord): void
}

/** One pass over a Job: what was found, and what the status is to say. */
export class JobSync {
  readonly #context: ReconcileContext
  readonly #memory: FailureMemory
  readonly #now: number
  #job: Frozen<Job>
  /** The status that the server has. */
  #written: Frozen<JobStatus> | undefined
  readonly #state: JobState
  readonly #failures: FailureRecord
  #conditions: readonly Condition[]
  #startTime: string | undefined
  #active: number
  #ready: number
  #terminating: number
  #requeueMs: number | undefined
  #error: Error | undefined

  constructor(job: Frozen<Job>, found: readonly Frozen<Pod>[], context: ReconcileContext, memory: FailureMemory) {
    this.#context = context
    this.#memory = memory
    this.#now = context.env.clock.now()
    this.#startTime = job.status?.startTime ?? (isSuspended(job) ? undefined : timestamp(this.#now))
    this.#job = { ...job, status: { ...job.status, ...(this.#startTime && { startTime: this.#startTime }) } }
    this.#written = job.status
    this.#state = observe(job, found)
    this.#failures = recordEnds(memory.get(), this.#state.newSucceeded, this.#state.newFailed)
    this.#conditions = job.status?.conditions ?? []
    this.#active = this.#state.active.length
    this.#ready = this.#state.ready
    this.#terminating = this.#state.terminating
  }

  async run(): Promise<Result> {
    this.#wakeAfter(deadlineMs(this.#job, this.#now))
    const end = await this.#work()
    await this.#settle(end)
    if (this.#error) throw this.#error
    return this.#requeueMs === undefined ? {} : { requeueAfterMs: this.#requeueMs }
  }

  /** Brings the pods to what they should be. Returns the condition that ends the Job, if it ends. */
  async #work(): Promise<Condition | undefined> {
    const end = earlyEnd(this.#job, this.#state, this.#now)
    if (end) {
      const deleted = await this.#delete(this.#state.active, (pod) => deletePod(pod, this.#job, this.#context))
      // As long as pods are left that could not be deleted it isn't over.
      return deleted === this.#state.active.length ? end : undefined
    }
    const isManaged = this.#job.metadata.deletionTimestamp === undefined
    if (isManaged) await this.#scale()
    if (isDone(this.#job, this.#state.succeeded, this.#active)) {
      const message = 'Reached expected number of succeeded pods'
      return condition('SuccessCriteriaMet', 'True', 'CompletionsReached', message, this.#now)
    }
    if (isManaged) this.#noteSuspension()
    return undefined
  }

  async #scale(): Promise<void> {
    const plan = planPods(this.#job, this.#state, this.#failures, this.#now)
    this.#wakeAfter(plan.waitMs)
    if (plan.remove.length > 0) {
      await this.#delete(plan.remove, async (pod) => {
        await this.#release(pod)
        await deletePod(pod, this.#job, this.#context)
      })
    }
    try {
      await inGrowingBatches(plan.create, async (at) => {
        const index = plan.indexes[at]
        const predecessor = index === undefined ? undefined : this.#state.awaitingSuccessor.get(index)
        if (await createPod(jobPod(this.#job, index, predecessor), this.#job, this.#context)) this.#active++
      })
    } catch (error) {
      this.#error = asError(error)
    }
  }

  /** Deletes pods by `act`; returns how many went. The first error is kept for the end. */
  async #delete(list: readonly Frozen<Pod>[], act: (pod: Frozen<Pod>) => Promise<void>): Promise<number> {
    const results = await Promise.allSettled(list.map(act))
    const gone = list.filter((_, at) => results[at]?.status === 'fulfilled')
    this.#noteFailure(results)
    this.#active -= gone.length
    this.#terminating += gone.length
    this.#ready -= gone.filter(isPodReady).length
    return gone.length
  }

  #noteSuspension(): void {
    const old = conditionOf(this.#conditions, 'Suspended')
    const suspended = isSuspended(this.#job)
    // Never having been suspended needs no condition.
    if (old ? (old.status === 'True') === suspended : !suspended) return
    const [status, reason, event, message] = suspended
      ? (['True', 'JobSuspended', 'Suspended', 'Job suspended'] as const)
      : (['False', 'JobResumed', 'Resumed', 'Job resumed'] as const)
    this.#setCondition(condition('Suspended', status, reason, message, this.#now))
    this.#context.events.event(this.#job, 'Normal', event, message)
    // The deadline counts from when the Job goes on; until then it is as if it had never started.
    this.#startTime = suspended ? undefined : timestamp(this.#now)
  }

  /** Notes what has ended, lets those pods go, counts them, and ends the Job when nothing is left. */
  async #settle(end: Condition | undefined): Promise<void> {
    const isSuccess = end?.type === 'SuccessCriteriaMet'
    const noted = account(this.#job, this.#state, end && (isSuccess ? 'success' : 'failure'))
    // The end is announced before pods lose their finalizers, so that a restart comes to the same end.
    if (end?.type === 'FailureTarget' || (isSuccess && !conditionOf(this.#conditions, 'SuccessCriteriaMet')))
      this.#setCondition(end)
    await this.#write(this.#withNoted(noted))
    this.#memory.set(this.#failures)
    const stillTracked = await this.#releaseAll(noted.release)
    let status = countReleased(this.#job.status ?? {}, stillTracked)
    const isOver = end !== undefined && !noted.isPartial && this.#terminating === 0 && isEmpty(status) && !this.#error
    if (isOver) {
      const final = condition(isSuccess ? 'Complete' : 'Failed', 'True', end.reason ?? '', end.message ?? '', this.#now)
      this.#setCondition(final)
      const completionTime = isSuccess && final.lastTransitionTime
      status = { ...status, conditions: [...this.#conditions], ...(completionTime && { completionTime }) }
    }
    await this.#write(status)
    if (isOver) this.#announce(end, isSuccess)
  }

  #withNoted({ uncounted, completedIndexes, failedIndexes, succeededIndexCount }: Account): Frozen<JobStatus> {
    const { active: _a, startTime: _s, failedIndexes: _f, completedIndexes: _c, ...kept } = this.#job.status ?? {}
    return {
      ...kept,
      ...(this.#conditions.length > 0 && { conditions: [...this.#conditions] }),
      ...(this.#startTime && { startTime: this.#startTime }),
      ...counted('active', this.#active),
      ready: this.#ready,
      terminating: this.#terminating,
      ...(succeededIndexCount !== undefined && counted('succeeded', succeededIndexCount)),
      ...(completedIndexes && { completedIndexes }),
      ...(failedIndexes !== undefined && { failedIndexes }),
      uncountedTerminatedPods: uncountedField(uncounted),
    }
  }

  async #write(status: Frozen<JobStatus>): Promise<void> {
    this.#job = semanticEqual(status, this.#written)
      ? { ...this.#job, status }
      : await this.#context.client(jobs).updateStatus({ ...this.#job, status })
    this.#written = status
  }

  /** Takes the finalizers off; returns the uids of the pods that still have theirs. */
  async #releaseAll(list: readonly Frozen<Pod>[]): Promise<Set<string>> {
    const results = await Promise.allSettled(list.map((pod) => this.#release(pod)))
    const released = new Set(list.filter((_, at) => results[at]?.status === 'fulfilled').map((pod) => pod.metadata.uid))
    this.#noteFailure(results)
    const tracked = this.#state.pods.filter((pod) => isTracked(pod) && !released.has(pod.metadata.uid))
    return new Set(tracked.map((pod) => pod.metadata.uid ?? ''))
  }

  async #release(pod: Frozen<Pod>): Promise<void> {
    if (isTracked(pod)) await releasePod(pod, this.#context)
  }

  #announce({ reason = '', message = '' }: Condition, isSuccess: boolean): void {
    const { events } = this.#context
    const { completions } = this.#job.spec
    if (!isSuccess) return events.event(this.#job, 'Warning', reason, message)
    if (completions !== undefined && (this.#job.status?.succeeded ?? 0) > completions)
      events.event(
        this.#job,
        'Warning',
        'TooManySucceededPods',
        'Too many succeeded pods running after completion count reached',
      )
    events.event(this.#job, 'Normal', 'Completed', 'Job completed')
  }

  #setCondition(next: Condition): void {
    const at = this.#conditions.findIndex(({ type }) => type === next.type)
    this.#conditions = at < 0 ? [...this.#conditions, next] : this.#conditions.with(at, next)
  }

  /** The first failure is kept for the end. */
  #noteFailure(results: readonly PromiseSettledResult<unknown>[]): void {
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) this.#error ??= asError(failed.reason)
  }

  #wakeAfter(ms: number | undefined): void {
    if (ms !== undefined && ms > 0) this.#requeueMs = Math.min(this.#requeueMs ?? Infinity, ms)
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

function isEmpty({ uncountedTerminatedPods = {} }: Frozen<JobStatus>): boolean {
  return !uncountedTerminatedPods.succeeded?.length && !uncountedTerminatedPods.failed?.length
}

/** Takes the tracking finalizer off a pod. One that is gone is no error. */
export async function releasePod(pod: Frozen<Pod>, { client }: Pick<ReconcileContext, 'client'>): Promise<void> {
  try {
    await client(pods).patch(pod, 'strategic', {
      metadata: { '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] },
    })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}
