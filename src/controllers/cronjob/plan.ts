import { apiVersionOf, timestamp, type Frozen } from '../../apimachinery/meta.ts'
import { cronJobs, jobs } from '../../api/index.ts'
import type { CronJob, CronJobStatus, Job } from '../../api/generated/types/batch/v1.ts'
import type { ObjectReference } from '../../api/generated/types/core/v1.ts'
import { controllerReference } from '../ownership/owner-reference.ts'

const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

/** How a Job has ended: Complete or Failed; undefined when it hasn't. */
export function endOf({ status }: Frozen<Job>): 'Complete' | 'Failed' | undefined {
  for (const type of ['Complete', 'Failed'] as const)
    if (status?.conditions?.some((condition) => condition.type === type && condition.status === 'True')) return type
  return undefined
}

/** A Job of the schedule's time `atMs`; its name tells the minute, so that it cannot be made twice. */
export function scheduledJob(cronJob: Frozen<CronJob>, atMs: number): Frozen<Job> {
  const { metadata, spec } = cronJob.spec.jobTemplate
  const name = `${cronJob.metadata.name}-${Math.floor(atMs / 60_000)}`
  return {
    metadata: {
      name,
      ...(cronJob.metadata.namespace && { namespace: cronJob.metadata.namespace }),
      ...(metadata?.labels && { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, [SCHEDULED_AT]: timestamp(atMs) },
      ...(metadata?.finalizers && { finalizers: metadata.finalizers }),
      ownerReferences: [controllerReference(cronJobs, cronJob)],
    },
    spec,
  }
}

export function referenceTo({ metadata }: Frozen<Job>): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata
  return {
    kind: jobs.kind,
    apiVersion: apiVersionOf(jobs),
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
  }
}

/** The finished Jobs beyond the history limits, the earliest of each kind. */
export function jobsBeyondHistory({ spec }: Frozen<CronJob>, children: readonly Frozen<Job>[]): readonly Frozen<Job>[] {
  const started = ({ metadata, status }: Frozen<Job>): string => `${status?.startTime ?? ''} ${metadata.name ?? ''}`
  const beyond = (end: 'Complete' | 'Failed', limit: number | undefined): readonly Frozen<Job>[] => {
    if (limit === undefined) return []
    const ended = children.filter((job) => endOf(job) === end).toSorted((a, b) => (started(a) < started(b) ? -1 : 1))
    return ended.slice(0, Math.max(0, ended.length - limit))
  }
  return [...beyond('Complete', spec.successfulJobsHistoryLimit), ...beyond('Failed', spec.failedJobsHistoryLimit)]
}

/** The later of the times at which Jobs have succeeded. */
export function lastSuccess({ status }: Frozen<CronJob>, children: readonly Frozen<Job>[]): string | undefined {
  const times = children.filter((job) => endOf(job) === 'Complete').map((job) => job.status?.completionTime)
  return [status?.lastSuccessfulTime, ...times].reduce(
    (last, time) => (time && (!last || time > last) ? time : last),
    undefined,
  )
}

export type ActiveList = NonNullable<Frozen<CronJobStatus>['active']>
