import { nameWarnings } from '../../core/v1/pod-spec/name-warnings.ts'
import { validateCronJob, validateCronJobCreate } from './cronjob-validate.ts'
import { jobSpecWarnings } from './job-warnings.ts'
import { formatLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import { ageOf } from '../../../apimachinery/duration/human.ts'
import { defaultJobSpec } from './job-default.ts'
import { ageColumn, containerColumns, integer, nameColumn, text, wide } from '../../columns.ts'
import type { CronJob } from '../../generated/types/batch/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about CronJob. */
export const cronJobs = defineResource<CronJob>({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/cronjobs',
  schema: 'io.k8s.api.batch.v1.CronJob',
  status: true,
  hasGeneration: true,
  defaults: defaultCronJob,
  validate: validateCronJob,
  validateCreate: validateCronJobCreate,
  *warnings({ metadata, spec }, old) {
    if (!old) yield* nameWarnings(metadata.name)
    yield* jobSpecWarnings(spec.jobTemplate.spec, 'spec.jobTemplate.spec', metadata, old?.metadata)
    if (old && spec.schedule.includes('TZ')) {
      yield 'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'
    }
  },
  columns: [
    nameColumn,
    text('Schedule', ({ spec }) => spec.schedule ?? ''),
    text('Timezone', ({ spec }) => spec.timeZone ?? '<none>'),
    {
      name: 'Suspend',
      type: 'boolean',
      value: ({ spec }) => (spec.suspend == null ? '<unset>' : spec.suspend ? 'True' : 'False'),
    },
    integer('Active', ({ status }) => status?.active?.length),
    text('Last Schedule', ({ status }, now) =>
      status?.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : '<none>',
    ),
    ageColumn,
    ...containerColumns<CronJob>(({ spec }) => spec.jobTemplate.spec?.template.spec.containers),
    wide(text('Selector', ({ spec }) => formatLabelSelector(spec.jobTemplate.spec?.selector))),
  ],
})

function defaultCronJob(cronJob: CronJob): void {
  const emptyJob = { spec: { template: { spec: { containers: [] } } } }
  const spec = (cronJob.spec ??= { schedule: '', jobTemplate: emptyJob })
  spec.concurrencyPolicy ||= 'Allow'
  spec.suspend ??= false
  spec.successfulJobsHistoryLimit ??= 3
  spec.failedJobsHistoryLimit ??= 1
  const template = (spec.jobTemplate ??= emptyJob)
  template.metadata ??= {}
  defaultJobSpec((template.spec ??= emptyJob.spec))
}
