import { conditionOf } from '../../core/v1/pod-conditions.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { FlowSchema } from '../../generated/types/flowcontrol/v1.ts'
import { validateFlowSchema, validateFlowStatus } from './schema-validate.ts'
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
  statusResets: ['metadata'],
  hasGeneration: true,
  defaults(flowSchema) {
    const spec = (flowSchema.spec ??= { priorityLevelConfiguration: { name: '' }, matchingPrecedence: 0 })
    spec.matchingPrecedence ||= 1000
  },
  validate: validateFlowSchema,
  validateStatusUpdate: validateFlowStatus,
  columns: [
    nameColumn,
    text('PriorityLevel', ({ spec }) => spec?.priorityLevelConfiguration?.name ?? ''),
    text('MatchingPrecedence', ({ spec }) => spec?.matchingPrecedence ?? 0),
    text('DistinguisherMethod', ({ spec }) => spec?.distinguisherMethod?.type ?? '<none>'),
    ageColumn,
    text('MissingPL', ({ status }) => conditionOf(status?.conditions, 'Dangling')?.status ?? '?'),
  ],
})
