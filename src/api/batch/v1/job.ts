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
})
