import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { nonNegative } from '../../checks.ts'

type Counts = Readonly<Record<string, unknown>>

/**
 * The numbers in the status of what keeps replicas: none is negative, and no part is more than the whole. `parts` names
 * those counted in `replicas`, in upstream's order.
 */
export function* validateReplicaCounts(
  status: object,
  parts: readonly string[],
  alsoNonNegative: readonly string[] = [],
  available = 'readyReplicas',
): Iterable<FieldError> {
  const counts = status as Counts
  const count = (field: string): number => {
    const value = counts[field]
    return typeof value === 'number' ? value : 0
  }
  for (const field of ['replicas', ...parts, ...alsoNonNegative, 'observedGeneration']) {
    yield* nonNegative(`status.${field}`, count(field))
  }
  for (const field of parts) {
    if (count(field) > count('replicas')) {
      yield invalid(`status.${field}`, count(field), 'cannot be greater than status.replicas')
    }
  }
  if (parts.includes('availableReplicas') && count('availableReplicas') > count('readyReplicas')) {
    yield invalid('status.availableReplicas', count('availableReplicas'), `cannot be greater than ${available}`)
  }
}

/** Collisions are only ever counted up. */
export function* validateCollisionCount(now: number | undefined, old: number | undefined): Iterable<FieldError> {
  yield* nonNegative('status.collisionCount', now)
  if (old !== undefined && (now === undefined || now < old)) {
    yield invalid('status.collisionCount', now ?? 0, 'cannot be decremented')
  }
}
