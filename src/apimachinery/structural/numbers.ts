import { goFloat } from '../../lib/go-number.ts'
import { invalid } from '../status.ts'
import type { JsonSchema } from './json-schema.ts'
import { type Finding, Result } from './result.ts'
import { checkedFormat, typeOf, typesOf } from './types.ts'
import type { Validator } from './validate.ts'

interface Kind {
  readonly type: string
  readonly format: string
}

/** Upstream's numberValidator: ranges and bounds. Integers meet bounds as integers, cut off behind the point. */
export function validateNumber(validator: Validator, value: number | bigint, schema: JsonSchema, path: string): Result {
  const result = new Result()
  const kind = kindOf(schema)
  const range = (of: number | bigint, what: string): Finding | undefined => outOfRange(validator, of, kind, what, path)
  const checked = range(value, 'Checked')
  if (checked) result.add(checked)
  const isInteger = typeOf(value) === 'integer'
  const { multipleOf, maximum, minimum, exclusiveMaximum = false, exclusiveMinimum = false } = schema
  const found: Finding[] = []
  const bound = (limit: number, what: string, check: (limit: number) => string | undefined): void => {
    const beyond = range(limit, what)
    if (beyond) found.push(beyond)
    const text = check(isInteger && !beyond ? Math.trunc(limit) : limit)
    if (text !== undefined) found.push(validator.wrong(path, value, text))
  }
  if (multipleOf !== undefined) {
    const beyond = range(multipleOf, 'MultipleOf')
    if (beyond) found.push(beyond)
    const factor = isInteger && !beyond ? Math.trunc(multipleOf) : multipleOf
    const problem = notMultiple(validator, value, factor, path, isInteger && !beyond)
    if (problem) found.push(problem)
  }
  if (minimum !== undefined) {
    bound(minimum, 'Minimum boundary', (limit) => {
      if (exclusiveMinimum) return value <= limit ? `should be greater than ${goFloat(limit)}` : undefined
      return value < limit ? `should be greater than or equal to ${goFloat(limit)}` : undefined
    })
  }
  if (maximum !== undefined) {
    bound(maximum, 'Maximum boundary', (limit) => {
      if (exclusiveMaximum) return value >= limit ? `should be less than ${goFloat(limit)}` : undefined
      return value > limit ? `should be less than or equal to ${goFloat(limit)}` : undefined
    })
  }
  result.add(...found)
  result.matches++
  return result
}

function kindOf(schema: JsonSchema): Kind {
  const types = typesOf(schema)
  const type = types.length === 1 ? (types[0] ?? '') : ''
  if (type !== 'integer' && type !== 'number') return { type: '', format: '' }
  return { type, format: checkedFormat(schema) ?? '' }
}

const MOST_FLOAT32 = 3.4028235677973366e38
const MOST: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
}

function outOfRange(
  validator: Validator,
  value: number | bigint,
  { type, format }: Kind,
  what: string,
  path: string,
): Finding | undefined {
  if (type === 'integer' ? isInt(value, format || 'int64') : format !== 'float' || isFloat32(value)) return undefined
  const named = format ? `with format ${format}` : '(default format)'
  return validator.general(`${what} value must be of type ${type} ${named} in ${path}`)
}

function isInt(value: number | bigint, format: string): boolean {
  if (typeof value === 'number' && !Number.isInteger(value)) return false
  const [least = 0n, most = 0n] = MOST[format] ?? []
  const exact = BigInt(value)
  return exact >= least && exact <= most
}

function isFloat32(value: number | bigint): boolean {
  return Math.abs(Number(value)) < MOST_FLOAT32
}

function notMultiple(
  validator: Validator,
  value: number | bigint,
  factor: number,
  path: string,
  asIntegers: boolean,
): Finding | undefined {
  if (factor <= 0) {
    const text = `factor MultipleOf declared for ${path} must be positive: ${goFloat(factor)}`
    return { error: invalid(validator.at(path), factor, text), text }
  }
  const text = `should be a multiple of ${goFloat(factor)}`
  if (asIntegers) return BigInt(value) % BigInt(factor) === 0n ? undefined : validator.wrong(path, value, text)
  const times = factor < 1 ? (1 / factor) * Number(value) : Number(value) / factor
  return isNearlyInteger(times) ? undefined : validator.wrong(path, value, text)
}

/** swag.IsFloat64AJSONInteger: an integer, but for what floats cannot tell. */
function isNearlyInteger(value: number): boolean {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return false
  const whole = Math.trunc(value)
  if (value === whole) return true
  return whole !== 0 && Math.abs(value - whole) / (Math.abs(value) + Math.abs(whole)) < 1e-9
}
