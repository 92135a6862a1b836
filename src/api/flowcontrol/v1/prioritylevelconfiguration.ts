import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { PriorityLevelConfiguration } from '../../generated/types/flowcontrol/v1.ts'
import { validatePriorityLevel } from './level-validate.ts'
import { validateFlowStatus } from './schema-validate.ts'
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
  statusResets: ['metadata'],
  hasGeneration: true,
  defaults: defaultPriorityLevel,
  validate: validatePriorityLevel,
  validateStatusUpdate: validateFlowStatus,
  columns: [
    nameColumn,
    text('Type', ({ spec }) => spec?.type ?? ''),
    text('NominalConcurrencyShares', ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? '<none>'),
    text('Queues', ({ spec }) => spec?.limited?.limitResponse?.queuing?.queues ?? '<none>'),
    text('HandSize', ({ spec }) => spec?.limited?.limitResponse?.queuing?.handSize ?? '<none>'),
    text('QueueLengthLimit', ({ spec }) => spec?.limited?.limitResponse?.queuing?.queueLengthLimit ?? '<none>'),
    ageColumn,
  ],
})

function defaultPriorityLevel({ spec }: PriorityLevelConfiguration): void {
  if (spec?.exempt) {
    spec.exempt.nominalConcurrencyShares ??= 0
    spec.exempt.lendablePercent ??= 0
  }
  if (!spec?.limited) return
  spec.limited.nominalConcurrencyShares ??= 30
  spec.limited.lendablePercent ??= 0
  const queuing = spec.limited.limitResponse?.queuing
  if (!queuing) return
  queuing.queues ||= 64
  queuing.handSize ||= 8
  queuing.queueLengthLimit ||= 50
}
