import { validateReplicaSet, validateReplicaSetStatus, validateReplicaSetUpdate } from './deployment-validate.ts'
import { templateWarnings } from '../../core/v1/pod-spec/warnings.ts'
import { nameWarnings } from '../../core/v1/pod-spec/name-warnings.ts'
import { defaultPodTemplate } from '../../core/v1/pod-spec/default.ts'
import { formatLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import { ageColumn, containerColumns, integer, nameColumn, text, wide } from '../../columns.ts'
import type { ReplicaSet } from '../../generated/types/apps/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ReplicaSet. */
export const replicaSets = defineResource<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/replicasets',
  schema: 'io.k8s.api.apps.v1.ReplicaSet',
  status: true,
  scale: { replicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  hasGeneration: true,
  defaults(set) {
    const spec = (set.spec ??= { selector: {}, template: { spec: { containers: [] } } })
    spec.replicas ??= 1
    defaultPodTemplate(spec)
  },
  validate: validateReplicaSet,
  validateUpdate: validateReplicaSetUpdate,
  validateStatusUpdate: validateReplicaSetStatus,
  *warnings({ metadata, spec }, old) {
    if (!old) yield* nameWarnings(metadata.name)
    if (spec.template) yield* templateWarnings(spec.template, 'spec.template', metadata, old?.metadata)
  },
  columns: [
    nameColumn,
    integer('Desired', ({ spec }) => spec.replicas),
    integer('Current', ({ status }) => status?.replicas),
    integer('Ready', ({ status }) => status?.readyReplicas),
    ageColumn,
    ...containerColumns<ReplicaSet>(({ spec }) => spec.template?.spec.containers),
    wide(text('Selector', ({ spec }) => formatLabelSelector(spec.selector))),
  ],
})
