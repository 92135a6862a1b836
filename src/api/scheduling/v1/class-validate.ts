import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden } from '../../../apimachinery/status.ts'
import { immutableField, oneOf } from '../../checks.ts'
import type { PriorityClass } from '../../generated/types/scheduling/v1.ts'

const SYSTEM_PREFIX = 'system-'
const HIGHEST = 1_000_000_000

/** The classes that the system has for itself. */
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
}

/** ValidatePriorityClass, for a new one. */
export function* validatePriorityClass(priorityClass: Frozen<PriorityClass>): Iterable<FieldError> {
  const { metadata, value = 0, preemptionPolicy } = priorityClass
  if (metadata.name?.startsWith(SYSTEM_PREFIX)) {
    const why = notOfTheSystem(priorityClass)
    const text = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${why}`
    if (why) yield fieldForbidden('metadata.name', text)
  } else if (value > HIGHEST) {
    yield fieldForbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST}`)
  }
  if (preemptionPolicy !== undefined) {
    yield* oneOf('preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never'])
  }
}

function notOfTheSystem({
  metadata: { name = '' },
  value = 0,
  globalDefault,
}: Frozen<PriorityClass>): string | undefined {
  const known = Object.hasOwn(SYSTEM_CLASSES, name) ? SYSTEM_CLASSES[name] : undefined
  if (known === undefined) return `${name} is not a known system priority class`
  if (known !== value) return `value of ${name} PriorityClass must be ${known}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}

/** What a class gives its pods never changes. */
export function* validatePriorityClassUpdate(
  now: Frozen<PriorityClass>,
  old: Frozen<PriorityClass>,
): Iterable<FieldError> {
  if (now.value !== old.value) yield fieldForbidden('value', 'may not be changed in an update.')
  yield* immutableField('preemptionPolicy', now.preemptionPolicy, old.preemptionPolicy)
}
