import { lenientAs, matches, validateLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { immutableSelector, nonNegative, sortedKeys } from '../../checks.ts'
import { isEmptySelector, isValidSelector, validatePodTemplate } from '../../core/v1/pod-spec/template.ts'
import { validateCollisionCount } from '../../core/v1/replica-counts.ts'
import type { DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy } from '../../generated/types/apps/v1.ts'
import { atMostAll, intOrPercent, numberOrPercentage } from './int-or-percent.ts'

/** ValidateDaemonSet. */
export const validateDaemonSet = ({ spec }: Frozen<DaemonSet>): Iterable<FieldError> => validateSpec(spec, undefined)

function* validateSpec(spec: Frozen<DaemonSetSpec>, old: Frozen<DaemonSetSpec> | undefined): Iterable<FieldError> {
  const selector: typeof spec.selector | undefined = spec.selector
  yield* validateLabelSelector(selector, 'spec.selector', lenientAs(old?.selector))
  const labels = spec.template.metadata?.labels
  if (isValidSelector(selector) && !matches(selector, labels)) {
    yield invalid('spec.template.metadata.labels', sortedKeys(labels), '`selector` does not match template `labels`')
  }
  if (selector && isEmptySelector(selector)) {
    yield invalid('spec.selector', selector, 'empty selector is invalid for daemonset')
  }
  yield* validatePodTemplate(spec.template, 'spec.template')
  const { restartPolicy = '', activeDeadlineSeconds } = spec.template.spec
  if (restartPolicy !== 'Always') yield notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always'])
  if (activeDeadlineSeconds != null) {
    const text = 'activeDeadlineSeconds in DaemonSet is not Supported'
    yield fieldForbidden('spec.template.spec.activeDeadlineSeconds', text)
  }
  yield* nonNegative('spec.minReadySeconds', spec.minReadySeconds)
  yield* validateStrategy(spec.updateStrategy ?? {})
  yield* nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit)
}

function* validateStrategy({ type, rollingUpdate: rolling }: Frozen<DaemonSetUpdateStrategy>): Iterable<FieldError> {
  if (type === 'OnDelete') return
  if (type !== 'RollingUpdate') {
    const { maxUnavailable = 0, maxSurge = 0 } = rolling ?? {}
    const shownRolling = rolling ? { MaxUnavailable: maxUnavailable, MaxSurge: maxSurge } : null
    const shown = { Type: type ?? '', RollingUpdate: shownRolling }
    return yield notSupported('spec.updateStrategy', shown, ['RollingUpdate', 'OnDelete'])
  }
  const path = 'spec.updateStrategy.rollingUpdate'
  if (!rolling) return yield required(path)
  for (const check of [intOrPercent, atMostAll]) {
    yield* check(`${path}.maxUnavailable`, rolling.maxUnavailable)
    yield* check(`${path}.maxSurge`, rolling.maxSurge)
  }
  const unavailable = numberOrPercentage(rolling.maxUnavailable) !== 0
  const surge = numberOrPercentage(rolling.maxSurge) !== 0
  if (unavailable && surge) {
    yield invalid(`${path}.maxSurge`, rolling.maxSurge, 'may not be set when maxUnavailable is non-zero')
  } else if (!unavailable && !surge) yield required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0')
}

/** The strategy's ValidateUpdate. */
export function* validateDaemonSetUpdate(now: Frozen<DaemonSet>, old: Frozen<DaemonSet>): Iterable<FieldError> {
  yield* immutableSelector('spec.selector', now.spec.selector, old.spec.selector)
  yield* validateSpec(now.spec, old.spec)
}

const COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
] as const

/** ValidateDaemonSetStatusUpdate. */
export function* validateDaemonSetStatus({ status }: Frozen<DaemonSet>, old: Frozen<DaemonSet>): Iterable<FieldError> {
  for (const field of COUNTS) yield* nonNegative(`status.${field}`, status?.[field])
  yield* validateCollisionCount(status?.collisionCount, old.status?.collisionCount)
}
