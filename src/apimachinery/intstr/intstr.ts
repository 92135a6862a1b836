import { atoi } from '../../lib/atoi.ts'
import { goQuote } from '../../lib/quote.ts'
import { ParseError } from '../parse-error.ts'

/** intstr.IntOrString: a number, or a string such as `25%` or the name of a port. */
export type IntOrString = number | string

/**
 * An absolute number, or that percentage of `total` (GetScaledValueFromIntOrPercent). Throws ParseError for a
 * string that is no percentage.
 */
export function scaledValue(value: IntOrString, total: number, rounding: 'up' | 'down'): number {
  if (typeof value === 'number') return value
  const fail = (why: string): ParseError => new ParseError(`invalid value for IntOrString: ${why}`)
  if (!value.endsWith('%')) throw fail('invalid type: string is not a percentage')
  const percent = atoi(value.slice(0, -1))
  if (typeof percent === 'string') throw fail(`invalid value ${goQuote(value)}: ${percent}`)
  const scaled = (percent * total) / 100
  return rounding === 'up' ? Math.ceil(scaled) : Math.floor(scaled)
}

/** The number, or the number that the string spells; 0 when it spells none (IntValue). */
export function intValue(value: IntOrString): number {
  const number = typeof value === 'number' ? value : atoi(value)
  return typeof number === 'number' ? number : 0
}

/** A number when the text spells an int32, else the text (intstr.Parse). */
export function parseIntOrString(text: string): IntOrString {
  const number = atoi(text)
  return typeof number === 'number' && (number | 0) === number ? number : text
}
