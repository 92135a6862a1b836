import { validateLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { immutableSelector, nonNegative } from '../../checks.ts'
import {
  isEmptySelector,
  isValidSelector,
  shownSelector,
  validateRunningTemplate,
} from '../../core/v1/pod-spec/template.ts'
import { validateCollisionCount, validateReplicaCounts } from '../../core/v1/replica-counts.ts'
import type { Deployment, DeploymentStrategy, ReplicaSet } from '../../generated/types/apps/v1.ts'
import { atMostAll, intOrPercent, numberOrPercentage } from './int-or-percent.ts'

/** What a Deployment and a ReplicaSet share: whom they select, and the template. */
function* validateSelection({ spec }: Frozen<Deployment> | Frozen<ReplicaSet>): Iterable<FieldError> {
  // A selector is required, but nothing stops a client from leaving it out.
  const selector: typeof spec.selector | undefined = spec.selector
  if (selector === undefined) {
    yield required('spec.selector')
  } else {
    yield* validateLabelSelector(selector, 'spec.selector')
    if (isEmptySelector(selector)) yield invalid('spec.selector', selector, 'empty selector is invalid for deployment')
  }
  if (!isValidSelector(selector)) yield invalid('spec.selector', shownSelector(selector), 'invalid label selector')
  else if (spec.template) yield* validateRunningTemplate(spec.template, selector, 'spec.template', 'ReplicaSet')
}

/** ValidateDeployment. */
export function* validateDeployment(deployment: Frozen<Deployment>): Iterable<FieldError> {
  const { spec } = deployment
  yield* nonNegative('spec.replicas', spec.replicas)
  yield* validateSelection(deployment)
  yield* validateStrategy(spec.strategy ?? {})
  yield* nonNegative('spec.minReadySeconds', spec.minReadySeconds)
  yield* nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit)
  const deadline = spec.progressDeadlineSeconds
  yield* nonNegative('spec.progressDeadlineSeconds', deadline)
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    yield invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')
  }
}

function* validateStrategy(strategy: Frozen<DeploymentStrategy>): Iterable<FieldError> {
  const path = 'spec.strategy.rollingUpdate'
  const rolling = strategy.rollingUpdate
  if (strategy.type === 'Recreate') {
    if (rolling) yield fieldForbidden(path, "may not be specified when strategy `type` is 'Recreate'")
    return
  }
  if (strategy.type !== 'RollingUpdate') {
    yield notSupported('spec.strategy', goStrategy(strategy), ['Recreate', 'RollingUpdate'])
    return
  }
  if (!rolling) return yield required(path, 'this should be defaulted and never be nil')
  const { maxUnavailable, maxSurge } = rolling
  yield* intOrPercent(`${path}.maxUnavailable`, maxUnavailable)
  yield* intOrPercent(`${path}.maxSurge`, maxSurge)
  if (numberOrPercentage(maxUnavailable) === 0 && numberOrPercentage(maxSurge) === 0) {
    yield invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')
  }
  yield* atMostAll(`${path}.maxUnavailable`, maxUnavailable)
}

/** Upstream prints its internal type here, with Go's names. */
const goStrategy = ({
  type = '',
  rollingUpdate,
}: {
  readonly type?: string
  readonly rollingUpdate?: DeploymentStrategy['rollingUpdate']
}): unknown => ({
  Type: type,
  RollingUpdate: rollingUpdate
    ? { MaxUnavailable: rollingUpdate.maxUnavailable ?? 0, MaxSurge: rollingUpdate.maxSurge ?? 0 }
    : null,
})

/** The selector of a Deployment never changes. */
export const validateDeploymentUpdate = (now: Frozen<Deployment>, old: Frozen<Deployment>): Iterable<FieldError> =>
  immutableSelector('spec.selector', now.spec.selector, old.spec.selector)

/** ValidateDeploymentStatusUpdate. */
export function* validateDeploymentStatus(
  { status }: Frozen<Deployment>,
  old: Frozen<Deployment>,
): Iterable<FieldError> {
  const parts = ['updatedReplicas', 'readyReplicas', 'availableReplicas']
  yield* validateReplicaCounts(status ?? {}, parts, ['unavailableReplicas', 'terminatingReplicas'])
  yield* validateCollisionCount(status?.collisionCount, old.status?.collisionCount)
}

/** ValidateReplicaSet. */
export function* validateReplicaSet(set: Frozen<ReplicaSet>): Iterable<FieldError> {
  yield* nonNegative('spec.replicas', set.spec.replicas)
  yield* nonNegative('spec.minReadySeconds', set.spec.minReadySeconds)
  yield* validateSelection(set)
}

/** The selector of a ReplicaSet never changes. */
export const validateReplicaSetUpdate = (now: Frozen<ReplicaSet>, old: Frozen<ReplicaSet>): Iterable<FieldError> =>
  immutableSelector('spec.selector', now.spec.selector, old.spec.selector)

/** ValidateReplicaSetStatusUpdate. */
export const validateReplicaSetStatus = ({ status }: Frozen<ReplicaSet>): Iterable<FieldError> =>
  validateReplicaCounts(
    status ?? {},
    ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
    ['terminatingReplicas'],
  )
