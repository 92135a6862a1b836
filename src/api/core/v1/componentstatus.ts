import type { ComponentStatus } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ComponentStatus. */
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
})
