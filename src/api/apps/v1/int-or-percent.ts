import { intValue } from '../../../apimachinery/intstr/intstr.ts'
import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { isValidPercent } from '../../../apimachinery/validation/names.ts'
import { nonNegative, problems } from '../../checks.ts'

type IntOrString = string | number

/** ValidatePositiveIntOrPercent: not negative, or a percentage. */
export function intOrPercent(field: string, value: IntOrString | undefined): FieldError[] {
  if (typeof value === 'string') return problems(field, value, isValidPercent(value))
  return nonNegative(field, value)
}

/** IsNotMoreThan100Percent. */
export function atMostAll(field: string, value: IntOrString | undefined): FieldError[] {
  const percent = percentage(value)
  return percent !== undefined && percent > 100 ? [invalid(field, value, 'must not be greater than 100%')] : []
}

/** The number, or the percentage. */
export const numberOrPercentage = (value: IntOrString | undefined): number => percentage(value) ?? intValue(value ?? 0)

function percentage(value: IntOrString | undefined): number | undefined {
  return typeof value === 'string' && isValidPercent(value).length === 0 ? Number(value.slice(0, -1)) : undefined
}
