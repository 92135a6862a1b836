import { ageColumn, containerColumns, integer, labelsCell, nameColumn, text, wide } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { ReplicationController } from '../../generated/types/core/v1.ts'
import { defaultPodTemplate } from './pod-spec/default.ts'

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
