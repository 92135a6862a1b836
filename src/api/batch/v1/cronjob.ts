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
})
