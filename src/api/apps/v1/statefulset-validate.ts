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

/** ValidateStatefulSetSpec. */
export function* validateStatefulSet({ spec }: Frozen<StatefulSet>): Iterable<FieldError> {
  const policy = spec.podManagementPolicy
  if (!policy) yield required('spec.podManagementPolicy')
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    yield invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'")
  }
  yield* validateStrategy(spec)
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const value = spec.persistentVolumeClaimRetentionPolicy?.[field] ?? ''
    if (spec.persistentVolumeClaimRetentionPolicy && value !== 'Retain' && value !== 'Delete') {
      yield notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, value, ['Retain', 'Delete'])
    }
  }
  yield* nonNegative('spec.replicas', spec.replicas)
  yield* nonNegative('spec.minReadySeconds', spec.minReadySeconds)
  yield* nonNegative('spec.ordinals.start', spec.ordinals?.start)
  const selector: typeof spec.selector | undefined = spec.selector
  if (!selector) yield required('spec.selector')
  else {
    yield* validateLabelSelector(selector, 'spec.selector')
    if (isEmptySelector(selector)) {
      yield invalid('spec.selector', selector, 'empty selector is invalid for statefulset')
    }
  }
  if (isValidSelector(selector)) {
    yield* validateRunningTemplate(templateWithClaims(spec), selector, 'spec.template', 'StatefulSet')
  } else
    yield {
      type: 'FieldValueInvalid',
      field: 'spec.selector',
      message: `Invalid value: ${quoteValue(shownSelector(selector))}`,
    }
}

/** ValidateStatefulSet, beyond that: what an update leaves as it is. */
export function* validateStatefulSetCreate({ spec }: Frozen<StatefulSet>): Iterable<FieldError> {
  for (const [index, claim] of (spec.volumeClaimTemplates ?? []).entries()) {
    yield* validateClaimSpec(claim.spec, `spec.volumeClaimTemplates[${index}].spec`)
  }
  if (spec.serviceName) yield* dns1123Label('spec.serviceName', spec.serviceName)
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
    const shown = { Type: type, RollingUpdate: rolling ?? null }
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

/** The update's own rules of ValidateStatefulSetUpdate. */
export function* validateStatefulSetUpdate(
  { spec }: Frozen<StatefulSet>,
  old: Frozen<StatefulSet>,
): Iterable<FieldError> {
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
