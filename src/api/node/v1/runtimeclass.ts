import { roundUpQuantities } from '../../core/v1/resource-list.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { RuntimeClass } from '../../generated/types/node/v1.ts'
import { runtimeClassWarnings, validateRuntimeClass, validateRuntimeClassUpdate } from './class-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about RuntimeClass. */
export const runtimeClasses = defineResource<RuntimeClass>({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  scope: 'Cluster',
  storagePrefix: '/registry/runtimeclasses',
  schema: 'io.k8s.api.node.v1.RuntimeClass',
  allowCreateOnUpdate: true,
  requireResourceVersionOnUpdate: true,
  defaults({ overhead }) {
    roundUpQuantities(overhead?.podFixed)
  },
  validate: validateRuntimeClass,
  validateUpdate: validateRuntimeClassUpdate,
  warnings: runtimeClassWarnings,
  columns: [nameColumn, text('Handler', ({ handler }) => handler ?? ''), ageColumn],
})
