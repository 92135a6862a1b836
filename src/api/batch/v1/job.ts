import { nameWarnings } from '../../core/v1/pod-spec/name-warnings.ts'
import { validateJobStatus } from './job-status-validate.ts'
import { validateJob, validateJobUpdate } from './job-validate.ts'
import { jobSpecWarnings } from './job-warnings.ts'
import { formatLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { humanDuration } from '../../../apimachinery/duration/human.ts'
import { isConditionTrue } from '../../core/v1/pod-conditions.ts'
import { defaultJob, labelAsTemplate } from './job-default.ts'
import { generateSelector } from './job-selector.ts'
import { ageColumn, containerColumns, nameColumn, text, wide } from '../../columns.ts'
import type { Job } from '../../generated/types/batch/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Job. */
export const jobs = defineResource<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/jobs',
  schema: 'io.k8s.api.batch.v1.Job',
  status: true,
  hasGeneration: true,
  defaultPropagation: 'Orphan',
  defaults: defaultJob,
  prepareForCreate(job) {
    if (!job.spec.manualSelector) generateSelector(job)
    labelAsTemplate(job)
  },
  prepareForUpdate: labelAsTemplate,
  validateCreate: (job) => validateJob(job),
  validateUpdate: validateJobUpdate,
  validateStatusUpdate: validateJobStatus,
  *warnings({ metadata, spec }, old) {
    if (!old) yield* nameWarnings(metadata.name)
    yield* jobSpecWarnings(spec, 'spec', metadata, old?.metadata)
  },
  selectableFields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  columns: [
    nameColumn,
    text('Status', statusCell),
    text('Completions', completionsCell),
    text('Duration', durationCell),
    ageColumn,
    ...containerColumns<Job>(({ spec }) => spec.template.spec.containers),
    wide(text('Selector', ({ spec }) => formatLabelSelector(spec.selector))),
  ],
})

function statusCell({ metadata, status }: Frozen<Job>): string {
  const is = (type: string): boolean => isConditionTrue(status?.conditions, type)
  if (is('Complete')) return 'Complete'
  if (is('Failed')) return 'Failed'
  if (metadata.deletionTimestamp) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(is) ?? 'Running'
}

function completionsCell({ spec, status }: Frozen<Job>): string {
  const succeeded = status?.succeeded ?? 0
  if (spec.completions != null) return `${succeeded}/${spec.completions}`
  const parallelism = spec.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationCell({ status }: Frozen<Job>, now: number): string {
  if (!status?.startTime) return ''
  const end = status.completionTime ? Date.parse(status.completionTime) : now
  return humanDuration(end - Date.parse(status.startTime))
}
