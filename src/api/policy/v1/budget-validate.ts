import { validateSelectorRatcheted } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { atMostAll, intOrPercent } from '../../apps/v1/int-or-percent.ts'
import { nonNegative, supported } from '../../checks.ts'
import { validateConditions } from '../../conditions.ts'
import type { PodDisruptionBudget } from '../../generated/types/policy/v1.ts'

/** ValidatePodDisruptionBudget. */
export function* validateBudget({ spec }: Frozen<PodDisruptionBudget>): Iterable<FieldError> {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: eviction } = spec
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const shown = {
      MinAvailable: minAvailable,
      Selector: selector ?? null,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: eviction ?? null,
    }
    yield invalid('spec', shown, 'minAvailable and maxUnavailable cannot be both set')
  }
  for (const check of [intOrPercent, atMostAll]) yield* check('spec.minAvailable', minAvailable)
  for (const check of [intOrPercent, atMostAll]) yield* check('spec.maxUnavailable', maxUnavailable)
  yield* validateSelectorRatcheted('values of the selector', selector, 'spec.selector')
  yield* supported('spec.unhealthyPodEvictionPolicy', eviction, ['AlwaysAllow', 'IfHealthyBudget'])
}

/** ValidatePodDisruptionBudgetStatusUpdate. */
export function* validateBudgetStatus({ status }: Frozen<PodDisruptionBudget>): Iterable<FieldError> {
  if (!status) return
  yield* validateConditions(status.conditions, 'status.conditions')
  yield* nonNegative('status.disruptionsAllowed', status.disruptionsAllowed)
  yield* nonNegative('status.currentHealthy', status.currentHealthy)
  yield* nonNegative('status.desiredHealthy', status.desiredHealthy)
  yield* nonNegative('status.expectedPods', status.expectedPods)
}
