import { nameColumn, text } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { ComponentStatus } from '../../generated/types/core/v1.ts'
import { conditionOf } from './pod-conditions.ts'

/** Everything the system knows about ComponentStatus, which is deprecated and computed when asked for. */
export const componentStatuses = defineResource<ComponentStatus>({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  shortNames: ['cs'],
  scope: 'Cluster',
  verbs: ['get', 'list'],
  virtual: true,
  schema: 'io.k8s.api.core.v1.ComponentStatus',
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn,
    text('Status', ({ conditions }) => {
      const healthy = conditionOf(conditions, 'Healthy')
      return healthy ? (healthy.status === 'True' ? 'Healthy' : 'Unhealthy') : 'Unknown'
    }),
    text('Message', ({ conditions }) => conditionOf(conditions, 'Healthy')?.message ?? ''),
    text('Error', ({ conditions }) => conditionOf(conditions, 'Healthy')?.error ?? ''),
  ],
})
