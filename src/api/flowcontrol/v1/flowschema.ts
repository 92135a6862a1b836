import type { FlowSchema } from '../../generated/types/flowcontrol/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about FlowSchema. */
export const flowSchemas = defineResource<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  storagePrefix: '/registry/flowschemas',
  schema: 'io.k8s.api.flowcontrol.v1.FlowSchema',
  status: true,
  hasGeneration: true,
})
