import type { CronJob, CronJobStatus, Job } from '../../api/generated/types/batch/v1.ts'
import { cronJobs, jobs } from '../../api/index.ts'
import { parseDuration } from '../../apimachinery/duration/duration.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { keyOf, timestamp, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, type ReconcileContext, type Result } from '../../client/controller.ts'
import { parseCron } from '../../lib/cron.ts'
import { isNamespaceTerminating, messageOf } from '../pods/write.ts'
import { endOf, jobsBeyondHistory, lastSuccess, referenceTo, scheduledJob, type ActiveList } from './plan.ts'
import { missedTimes, nextTime, ZoneClock } from './schedule.ts'

/** More missed times than this are worth a warning. */
const TOO_MANY = 100
/** Wake a little after the minute, so that it has certainly come. */
const DELTA_MS = 100

/** Starts Jobs by the clock. */
export const cronJobController = defineController({
  name: 'cronjob',
  for: cronJobs,
  owns: [jobs],
  async reconcile(key, context) {
    const cronJob = context.lister(cronJobs).get(key)
    if (!cronJob) return done
    const children = context.lister(jobs).controlledBy(cronJob)
    const pass = new CronPass(cronJob, children, context)
    await pass.noteEnds()
    const result = await pass.start()
    await pass.deleteHistory()
    await pass.writeStatus()
    return result
  },
})

/** One pass over a CronJob. */
class CronPass {
  readonly #cronJob: Frozen<CronJob>
  readonly #children: readonly Frozen<Job>[]
  readonly #context: ReconcileContext
  #active: ActiveList
  #lastScheduleTime: string | undefined

  constructor(cronJob: Frozen<CronJob>, children: readonly Frozen<Job>[], context: ReconcileContext) {
    this.#cronJob = cronJob
    this.#children = children
    this.#context = context
    this.#active = cronJob.status?.active ?? []
    this.#lastScheduleTime = cronJob.status?.lastScheduleTime
  }

  /** Takes Jobs that have ended, or are gone, off the list of active ones. */
  async noteEnds(): Promise<void> {
    for (const job of this.#children) {
      const end = endOf(job)
      const isListed = this.#isActive(job)
      if (!isListed && !end) {
        this.#tell(
          'Warning',
          'UnexpectedJob',
          `Saw a job that the controller did not create or forgot: ${job.metadata.name}`,
        )
      } else if (isListed && end) {
        this.#dropActive(job.metadata.uid)
        this.#tell('Normal', 'SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${end}`)
      }
    }
    for (const { name = '', namespace = '', uid } of this.#active) {
      if (this.#children.some(({ metadata }) => metadata.uid === uid)) continue
      if (await this.#isThere(`${namespace}/${name}`)) continue
      this.#tell('Normal', 'MissingJob', `Active job went missing: ${name}`)
      this.#dropActive(uid)
    }
  }

  /** Starts the Job that is due, and says when to look again. */
  async start(): Promise<Result> {
    const { metadata, spec } = this.#cronJob
    if (metadata.deletionTimestamp || spec.suspend) return done
    const timetable = this.#timetable()
    if (!timetable) return done
    const { clock } = this.#context.env
    const now = clock.now()
    const { schedule, zone } = timetable
    const { latestMs, count } = missedTimes(schedule, this.#earliestMs(now), now, zone)
    if (count > TOO_MANY) {
      const message = `too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew`
      this.#tell('Warning', 'TooManyMissedTimes', message)
    }
    if (latestMs !== undefined) await this.#startAt(latestMs, now)
    const nextMs = nextTime(schedule, now, zone)
    return nextMs === undefined ? done : { requeueAfterMs: nextMs - now + DELTA_MS }
  }

  async deleteHistory(): Promise<void> {
    for (const job of jobsBeyondHistory(this.#cronJob, this.#children)) await this.#delete(job)
  }

  async writeStatus(): Promise<void> {
    const lastSuccessfulTime = lastSuccess(this.#cronJob, this.#children)
    const status: Frozen<CronJobStatus> = {
      ...(this.#active.length > 0 && { active: this.#active }),
      ...(this.#lastScheduleTime && { lastScheduleTime: this.#lastScheduleTime }),
      ...(lastSuccessfulTime && { lastSuccessfulTime }),
    }
    if (semanticEqual(status, this.#cronJob.status)) return
    await this.#context.client(cronJobs).updateStatus({ ...this.#cronJob, status })
  }

  #timetable(): { readonly schedule: ReturnType<typeof parseCron>; readonly zone: ZoneClock } | undefined {
    const { schedule, timeZone = 'UTC' } = this.#cronJob.spec
    let zone: ZoneClock
    try {
      zone = new ZoneClock(timeZone)
    } catch (error) {
      this.#tell('Warning', 'UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: ${messageOf(error)}`)
      return undefined
    }
    try {
      return { schedule: parseCron(schedule, parseDuration), zone }
    } catch (error) {
      this.#tell('Warning', 'UnparseableSchedule', `unparseable schedule: ${schedule} : ${messageOf(error)}`)
      return undefined
    }
  }

  /** Times before this are settled: started before, or too long ago. */
  #earliestMs(now: number): number {
    const { metadata, spec } = this.#cronJob
    const since = Date.parse(this.#lastScheduleTime ?? metadata.creationTimestamp ?? '')
    const { startingDeadlineSeconds } = spec
    return startingDeadlineSeconds === undefined ? since : Math.max(since, now - startingDeadlineSeconds * 1000)
  }

  async #startAt(atMs: number, now: number): Promise<void> {
    const { startingDeadlineSeconds, concurrencyPolicy } = this.#cronJob.spec
    if (startingDeadlineSeconds !== undefined && atMs + startingDeadlineSeconds * 1000 < now) {
      this.#tell('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${new Date(atMs).toUTCString()}`)
      return
    }
    const draft = scheduledJob(this.#cronJob, atMs)
    if (this.#active.some(({ name }) => name === draft.metadata.name)) return
    if (concurrencyPolicy === 'Forbid' && this.#active.length > 0) {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid'
      this.#tell('Normal', 'JobAlreadyActive', message)
      return
    }
    if (concurrencyPolicy === 'Replace') await this.#deleteActive()
    await this.#create(draft, atMs)
  }

  async #create(draft: Frozen<Job>, atMs: number): Promise<void> {
    let job: Frozen<Job>
    try {
      job = await this.#context.client(jobs).create(draft)
      this.#tell('Normal', 'SuccessfulCreate', `Created job ${job.metadata.name}`)
    } catch (error) {
      if (isNamespaceTerminating(error)) return
      if (!hasReason(error, 'AlreadyExists')) {
        this.#tell('Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`)
        throw error
      }
      // Started before, but not noted.
      job = await this.#context.client(jobs).get(keyOf(draft))
    }
    this.#lastScheduleTime = timestamp(atMs)
    if (!endOf(job) && !this.#isActive(job)) this.#active = [...this.#active, referenceTo(job)]
  }

  async #deleteActive(): Promise<void> {
    for (const { name = '', namespace = '', uid } of this.#active) {
      const job = this.#children.find(({ metadata }) => metadata.uid === uid) ?? { metadata: { name, namespace } }
      await this.#delete(job)
      this.#dropActive(uid)
    }
  }

  async #delete(job: Pick<Frozen<Job>, 'metadata'>): Promise<void> {
    const { name } = job.metadata
    try {
      await this.#context.client(jobs).delete(job, { propagationPolicy: 'Background' })
      this.#tell('Normal', 'SuccessfulDelete', `Deleted job ${name}`)
    } catch (error) {
      if (hasReason(error, 'NotFound')) return
      this.#tell('Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`)
      throw error
    }
  }

  async #isThere(key: string): Promise<boolean> {
    try {
      await this.#context.client(jobs).get(key)
      return true
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false
      throw error
    }
  }

  #isActive({ metadata }: Frozen<Job>): boolean {
    return this.#active.some(({ uid }) => uid === metadata.uid)
  }

  #dropActive(uid: string | undefined): void {
    this.#active = this.#active.filter((reference) => reference.uid !== uid)
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(this.#cronJob, type, reason, message)
  }
}
