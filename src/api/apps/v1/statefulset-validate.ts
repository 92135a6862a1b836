import { internalForm } from '../../internal-form.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import { validateLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import {
  type FieldError,
  fieldForbidden,
  invalid,
  notSupported,
  quoteValue,
  required,
} from '../../../apimachinery/status.ts'
import { dns1123Label, nonNegative } from '../../checks.ts'
import { validateClaimSpec } from '../../core/v1/claim-spec.ts'
import {
  isEmptySelector,
  isValidSelector,
  shownSelector,
  validateRunningTemplate,
} from '../../core/v1/pod-spec/template.ts'
import { validateCollisionCount, validateReplicaCounts } from '../../core/v1/replica-counts.ts'
import type { StatefulSet, StatefulSetSpec } from '../../generated/types/apps/v1.ts'
import type { PodTemplateSpec } from '../../generated/types/core/v1.ts'
import { atMostAll, intOrPercent, numberOrPercentage } from './int-or-percent.ts'

type Spec = Frozen<StatefulSetSpec>

/**
 * ValidateStatefulSet; with `old` what ValidateStatefulSetUpdate asks of the new one: what cannot change is not looked at, nor is a template
 * when the old set is not valid either.
 */
export function* validateStatefulSet({ spec }: Frozen<StatefulSet>, old?: Frozen<StatefulSet>): Iterable<FieldError> {
  const laxTemplate = old !== undefined && [...validateSpec(old.spec, false, false)].length > 0
  yield* validateSpec(spec, old === undefined, laxTemplate)
}

/** ValidateStatefulSetSpec. */
function* validateSpec(spec: Spec, isNew: boolean, laxTemplate: boolean): Iterable<FieldError> {
  const policy = spec.podManagementPolicy
  if (!policy) yield required('spec.podManagementPolicy')
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    yield invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'")
  }
  yield* validateStrategy(spec)
  yield* validateRetention(spec)
  for (const [index, claim] of isNew ? (spec.volumeClaimTemplates ?? []).entries() : []) {
    yield* validateClaimSpec(claim.spec, `spec.volumeClaimTemplates[${index}].spec`)
  }
  yield* nonNegative('spec.replicas', spec.replicas)
  yield* nonNegative('spec.minReadySeconds', spec.minReadySeconds)
  yield* nonNegative('spec.ordinals.start', spec.ordinals?.start)
  if (isNew && spec.serviceName) yield* dns1123Label('spec.serviceName', spec.serviceName)
  yield* validateSelectorAndTemplate(spec, laxTemplate)
}

function* validateRetention({ persistentVolumeClaimRetentionPolicy: retention }: Spec): Iterable<FieldError> {
  if (!retention) return
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const value = retention[field] ?? ''
    if (value !== 'Retain' && value !== 'Delete') {
      yield notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, value, ['Retain', 'Delete'])
    }
  }
}

function* validateSelectorAndTemplate(spec: Spec, laxTemplate: boolean): Iterable<FieldError> {
  const selector: typeof spec.selector | undefined = spec.selector
  if (!selector) yield required('spec.selector')
  else {
    yield* validateLabelSelector(selector, 'spec.selector')
    if (isEmptySelector(selector)) {
      yield invalid('spec.selector', selector, 'empty selector is invalid for statefulset')
    }
  }
  if (isValidSelector(selector)) {
    yield* validateRunningTemplate(templateWithClaims(spec), selector, 'spec.template', 'StatefulSet', laxTemplate)
  } else
    yield {
      type: 'FieldValueInvalid',
      field: 'spec.selector',
      message: `Invalid value: ${quoteValue(shownSelector(selector))}`,
    }
}

function* validateStrategy({ updateStrategy }: Spec): Iterable<FieldError> {
  const { type, rollingUpdate: rolling } = updateStrategy ?? {}
  const path = 'spec.updateStrategy.rollingUpdate'
  if (!type) return yield required('spec.updateStrategy')
  if (type === 'OnDelete') {
    const shownRolling = { Partition: rolling?.partition ?? 0, MaxUnavailable: rolling?.maxUnavailable ?? null }
    if (rolling) yield invalid(path, shownRolling, "only allowed for updateStrategy 'RollingUpdate'")
    return
  }
  if (type !== 'RollingUpdate') {
    const shown = internalForm('io.k8s.api.apps.v1.StatefulSetUpdateStrategy', updateStrategy)
    return yield invalid('spec.updateStrategy', shown, "must be 'RollingUpdate' or 'OnDelete'")
  }
  yield* nonNegative(`${path}.partition`, rolling?.partition)
  const max = rolling?.maxUnavailable
  if (max === undefined) return
  yield* intOrPercent(`${path}.maxUnavailable`, max)
  if (numberOrPercentage(max) === 0) yield invalid(`${path}.maxUnavailable`, max, 'cannot be 0')
  yield* atMostAll(`${path}.maxUnavailable`, max)
}

/** The pods' volumes are the template's, and one per claim template; hostname and subdomain are the controller's. */
function templateWithClaims({ template, volumeClaimTemplates: claims = [] }: Spec): Frozen<PodTemplateSpec> {
  const { subdomain: _, hostname: __, ...spec } = template.spec
  if (claims.length === 0) return { ...template, spec }
  const names = new Map(claims.map(({ metadata }) => [metadata.name ?? '', metadata.name ?? '']))
  const added = [...names.keys()].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))
  const volumes = [...added, ...(spec.volumes ?? []).filter(({ name }) => !names.has(name))]
  return { ...template, spec: { ...spec, volumes } }
}

const MUTABLE = [
  'replicas',
  'template',
  'updateStrategy',
  'minReadySeconds',
  'ordinals',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
] as const

/** ValidateStatefulSetUpdate. */
export function* validateStatefulSetUpdate(set: Frozen<StatefulSet>, old: Frozen<StatefulSet>): Iterable<FieldError> {
  yield* validateStatefulSet(set, old)
  const { spec } = set
  const fixed = (full: Spec): unknown => {
    const rest: { -readonly [K in keyof StatefulSetSpec]?: Spec[K] } = { ...full }
    for (const field of MUTABLE) delete rest[field]
    return rest
  }
  if (semanticEqual(fixed(spec), fixed(old.spec))) return
  yield fieldForbidden(
    'spec',
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  )
}

/** ValidateStatefulSetStatusUpdate. */
export function* validateStatefulSetStatus(
  { status }: Frozen<StatefulSet>,
  old: Frozen<StatefulSet>,
): Iterable<FieldError> {
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas']
  yield* validateReplicaCounts(status ?? {}, parts, [], 'status.readyReplicas')
  yield* validateCollisionCount(status?.collisionCount, old.status?.collisionCount)
}
