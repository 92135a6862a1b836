import type { Job, JobSpec } from '../../generated/types/batch/v1.ts'
import { defaultPodTemplate } from '../../core/v1/pod-spec/default.ts'

/** The largest int32: no limit at all. */
const UNLIMITED = 2_147_483_647

/** SetDefaults_Job. */
export function defaultJob(job: Job): void {
  const spec = (job.spec ??= { template: { spec: { containers: [] } } })
  if (spec.completions == null && spec.parallelism == null) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= spec.backoffLimitPerIndex == null ? 6 : UNLIMITED
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed'
  spec.manualSelector ??= false
  defaultJobSpec(spec)
  labelAsTemplate(job)
}

/**
 * A job without labels has those of its pods: upstream's default, which is filled in whenever the job is read. It is one and the same map, so
 * that what is added to the template's labels later shows here too.
 */
export function labelAsTemplate({ metadata, spec }: Job): void {
  const labels = spec.template.metadata?.labels
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = labels
}

/** What a CronJob's template gets too. */
export function defaultJobSpec(spec: JobSpec): void {
  defaultPodTemplate(spec)
  for (const { onPodConditions } of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of onPodConditions ?? []) pattern.status ||= 'True'
  }
}
