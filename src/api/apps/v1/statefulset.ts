import { nameIsDnsLabel } from '../../../apimachinery/validation/names.ts'
import { validateStatefulSet, validateStatefulSetStatus, validateStatefulSetUpdate } from './statefulset-validate.ts'
import { templateWarnings } from '../../core/v1/pod-spec/warnings.ts'
import { defaultPodTemplate } from '../../core/v1/pod-spec/default.ts'
import { claimSpecWarnings, defaultClaim } from '../../core/v1/persistentvolumeclaim.ts'
import { ageColumn, containerColumns, nameColumn, text } from '../../columns.ts'
import type { StatefulSet } from '../../generated/types/apps/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about StatefulSet. */
export const statefulSets = defineResource<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/statefulsets',
  schema: 'io.k8s.api.apps.v1.StatefulSet',
  status: true,
  scale: { replicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  hasGeneration: true,
  defaults: defaultStatefulSet,
  prepareForCreate: dropMaxUnavailable,
  prepareForUpdate(set, old) {
    if (old.spec.updateStrategy?.rollingUpdate?.maxUnavailable == null) dropMaxUnavailable(set)
  },
  validateName: nameIsDnsLabel,
  validateCreate: (set) => validateStatefulSet(set),
  validateUpdate: validateStatefulSetUpdate,
  validateStatusUpdate: validateStatefulSetStatus,
  *warnings({ metadata, spec }, old) {
    yield* templateWarnings(spec.template, 'spec.template', metadata, old?.metadata)
    for (const [index, claim] of (spec.volumeClaimTemplates ?? []).entries()) {
      yield* claimSpecWarnings(claim.spec, `spec.volumeClaimTemplates[${index}]${old ? '.Spec' : ''}`)
    }
    if ((spec.revisionHistoryLimit ?? 0) < 0) {
      yield 'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended'
    }
  },
  columns: [
    nameColumn,
    text('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    ageColumn,
    ...containerColumns<StatefulSet>(({ spec }) => spec.template.spec.containers),
  ],
})

/** The feature gate MaxUnavailableStatefulSet is off in 1.36. */
function dropMaxUnavailable({ spec }: StatefulSet): void {
  delete spec.updateStrategy?.rollingUpdate?.maxUnavailable
}

function defaultStatefulSet(set: StatefulSet): void {
  const spec = (set.spec ??= { selector: {}, template: { spec: { containers: [] } } })
  spec.podManagementPolicy ||= 'OrderedReady'
  const strategy = (spec.updateStrategy ??= {})
  if (!strategy.type) {
    strategy.type = 'RollingUpdate'
    strategy.rollingUpdate ??= {}
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) {
    strategy.rollingUpdate.partition ??= 0
  }
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {})
  retention.whenDeleted ||= 'Retain'
  retention.whenScaled ||= 'Retain'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  defaultPodTemplate(spec)
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1'
    claim.kind = 'PersistentVolumeClaim'
    defaultClaim(claim)
  }
}
