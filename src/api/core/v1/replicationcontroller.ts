import { templateWarnings } from './pod-spec/warnings.ts'
import { ageColumn, containerColumns, integer, labelsCell, nameColumn, text, wide } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { ReplicationController } from '../../generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, required } from '../../../apimachinery/status.ts'
import { nonNegative } from '../../checks.ts'
import { defaultPodTemplate } from './pod-spec/default.ts'
import { validateRunningTemplate } from './pod-spec/template.ts'
import { nameWarnings } from './pod-spec/name-warnings.ts'
import { validateReplicaCounts } from './replica-counts.ts'

/** Everything the system knows about ReplicationController, which ReplicaSet has replaced. */
export const replicationControllers = defineResource<ReplicationController>({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/controllers',
  schema: 'io.k8s.api.core.v1.ReplicationController',
  status: true,
  scale: { replicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  hasGeneration: true,
  defaultPropagation: 'Orphan',
  defaults(controller) {
    const spec = (controller.spec ??= {})
    spec.replicas ??= 1
    spec.minReadySeconds ??= 0
    if (!spec.template) return
    const labels = defaultPodTemplate(spec).metadata?.labels
    if (!labels) return
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
    if (Object.keys(controller.metadata.labels ?? {}).length === 0) controller.metadata.labels = { ...labels }
  },
  validate: validateController,
  validateStatusUpdate: ({ status }) =>
    validateReplicaCounts(status ?? {}, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']),
  *warnings({ metadata, spec }, old) {
    if (!old) yield* nameWarnings(metadata.name)
    if (spec?.template) yield* templateWarnings(spec.template, 'spec.template', metadata, old?.metadata)
  },
  selectableFields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  columns: [
    nameColumn,
    integer('Desired', ({ spec }) => spec?.replicas),
    integer('Current', ({ status }) => status?.replicas),
    integer('Ready', ({ status }) => status?.readyReplicas),
    ageColumn,
    ...containerColumns<ReplicationController>(({ spec }) => spec?.template?.spec.containers),
    wide(text('Selector', ({ spec }) => labelsCell(spec?.selector))),
  ],
})

function* validateController({ spec }: Frozen<ReplicationController>): Iterable<FieldError> {
  const selector = spec?.selector ?? {}
  yield* nonNegative('spec.minReadySeconds', spec?.minReadySeconds)
  if (Object.keys(selector).length === 0) yield required('spec.selector')
  if (spec?.replicas === undefined) yield required('spec.replicas')
  else yield* nonNegative('spec.replicas', spec.replicas)
  if (!spec?.template) return yield required('spec.template')
  yield* validateRunningTemplate(spec.template, { matchLabels: selector }, 'spec.template', 'ReplicationController')
}
