import { ageColumn, flag, integer, nameColumn, text } from '../../columns.ts'
import type { PriorityClass } from '../../generated/types/scheduling/v1.ts'
import { validatePriorityClass, validatePriorityClassUpdate } from './class-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about PriorityClass. */
export const priorityClasses = defineResource<PriorityClass>({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  shortNames: ['pc'],
  scope: 'Cluster',
  storagePrefix: '/registry/priorityclasses',
  schema: 'io.k8s.api.scheduling.v1.PriorityClass',
  defaults(priorityClass) {
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  prepareForCreate({ metadata }) {
    // Nothing that may change counts as another generation.
    metadata.generation = 1
  },
  validateCreate: validatePriorityClass,
  validateUpdate: validatePriorityClassUpdate,
  columns: [
    nameColumn,
    integer('Value', ({ value }) => value),
    flag('Global-Default', ({ globalDefault }) => globalDefault),
    ageColumn,
    text('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
  ],
})
