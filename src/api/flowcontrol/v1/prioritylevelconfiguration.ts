import type { PriorityLevelConfiguration } from '../../generated/types/flowcontrol/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about PriorityLevelConfiguration. */
export const priorityLevelConfigurations = defineResource<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  scope: 'Cluster',
  storagePrefix: '/registry/prioritylevelconfigurations',
  schema: 'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration',
  status: true,
  hasGeneration: true,
})
