import type { Frozen } from '../../../apimachinery/meta.ts'
import { addQuantity, formatQuantity, parseQuantity } from '../../../apimachinery/quantity/quantity.ts'
import { canonicalQuantity } from '../../../apimachinery/quantity/text.ts'
import { duplicate, type FieldError, fieldForbidden, invalid, required, tooMany } from '../../../apimachinery/status.ts'
import type { CapacityRequestPolicy, CapacityRequestPolicyRange } from '../../generated/types/resource/v1.ts'
import type { Quantity } from '../../generated/types/scalars.ts'

const VALUES = 10

const parsed = (quantity: Quantity): ReturnType<typeof parseQuantity> => parseQuantity(String(quantity))
const nanos = (quantity: Quantity): bigint => parsed(quantity).nanos
/** In whole units, rounded away from zero. */
function units(quantity: Quantity): bigint {
  const rest = nanos(quantity) % NANO
  const whole = (nanos(quantity) - rest) / NANO
  return rest === 0n ? whole : whole + (rest > 0n ? 1n : -1n)
}

const NANO = 1_000_000_000n

const shown = (quantity: Quantity): string => canonicalQuantity(String(quantity))

/** validateRequestPolicy: how much of a capacity of `value` one request may take. */
export function* validateRequestPolicy(
  value: Quantity,
  policy: Frozen<CapacityRequestPolicy>,
  path: string,
): Iterable<FieldError> {
  const { default: byDefault, validValues = [], validRange } = policy
  if (validValues.length > 0 && validRange) {
    const text = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
    return yield fieldForbidden(path, text)
  }
  if (byDefault === undefined) {
    if (validValues.length > 0) yield required(`${path}.default`, 'required when validValues is defined')
    else if (validRange) yield required(`${path}.default`, 'required when validRange is defined')
    return
  }
  if (validValues.length > 0) yield* validateValues(value, byDefault, validValues, `${path}.validValues`)
  else if (validRange) yield* validateRange(value, byDefault, validRange, `${path}.validRange`)
}

function* validateValues(
  value: Quantity,
  byDefault: Quantity,
  options: readonly Quantity[],
  path: string,
): Iterable<FieldError> {
  for (const [index, option] of options.entries()) {
    const before = options[index - 1]
    if (before !== undefined && nanos(before) > nanos(option)) {
      yield invalid(`${path}[${index}]`, shown(option), 'values must be sorted in ascending order')
    }
  }
  const seen = new Set<bigint>()
  const asked = nanos(byDefault)
  for (const [index, option] of options.entries()) {
    const field = `${path}[${index}]`
    if (nanos(option) > nanos(value)) {
      yield invalid(field, shown(option), `option is larger than capacity value: ${shown(value)}`)
    }
    if (seen.has(units(option))) yield duplicate(field, String(units(option)))
    seen.add(units(option))
  }
  if (options.length > VALUES) yield tooMany(path, options.length, VALUES)
  if (options.some((option) => nanos(option) === asked)) return
  yield invalid(path, shown(byDefault), 'default value is not valid according to the requestPolicy')
}

function* validateRange(
  value: Quantity,
  byDefault: Quantity,
  { min, max, step }: Frozen<CapacityRequestPolicyRange>,
  path: string,
): Iterable<FieldError> {
  if (min === undefined) return yield required(`${path}.min`, 'required when validRange is defined')
  const above = (field: string, low: Quantity, high: Quantity, text: string): FieldError[] =>
    nanos(low) > nanos(high) ? [invalid(`${path}.${field}`, shown(low), `${text}: ${shown(high)}`)] : []
  yield* above('min', min, value, 'min is larger than capacity value')
  if (nanos(byDefault) < nanos(min)) {
    yield invalid(`${path}.min`, shown(byDefault), `default is less than min: ${shown(min)}`)
  }
  if (max !== undefined) {
    yield* above('max', min, max, 'min is larger than max')
    yield* above('max', max, value, 'max is larger than capacity value')
    yield* above('max', byDefault, max, 'default is more than max')
  }
  if (step === undefined) return
  if (nanos(min) + nanos(step) > nanos(value)) {
    const text = `one step ${formatQuantity(addQuantity(parsed(min), parsed(step)))} is larger than capacity value: ${shown(value)}`
    yield invalid(`${path}.step`, shown(step), text)
  }
  for (const one of max === undefined ? [byDefault] : [byDefault, max]) {
    if (isStep(one, min, step)) continue
    const text = `value is not a multiple of a given step (${shown(step)}) from (${shown(min)})`
    yield invalid(`${path}.step`, shown(one), text)
  }
}

/** Amounts count in whole units, rounded up. Upstream fails on a step of zero; here nothing is a multiple of it. */
function isStep(value: Quantity, min: Quantity, step: Quantity): boolean {
  return units(step) !== 0n && (units(value) - units(min)) % units(step) === 0n
}
