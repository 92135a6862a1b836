import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, notSupported } from '../../../apimachinery/status.ts'
import { nonNegative, positive, qualifiedName } from '../../checks.ts'
import type { Lease } from '../../generated/types/coordination/v1.ts'

const STRATEGIES = ['OldestEmulationVersion']

/** ValidateLease. */
export function* validateLease({ spec }: Frozen<Lease>): Iterable<FieldError> {
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = spec
  yield* positive('spec.leaseDurationSeconds', leaseDurationSeconds)
  yield* nonNegative('spec.leaseTransitions', leaseTransitions)
  const field = 'spec.strategy.strategy'
  if (strategy?.includes('/')) yield* qualifiedName(field, strategy)
  else if (strategy !== undefined && !STRATEGIES.includes(strategy)) yield notSupported(field, strategy, STRATEGIES)
  if (preferredHolder && !strategy) {
    yield fieldForbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined')
  }
}
