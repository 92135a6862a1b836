import { CelType } from '../check/types.ts'
import { parseDurationNanos } from '../../duration/duration.ts'
import { parseTime } from '../../duration/time.ts'
import { ParseError } from '../../parse-error.ts'
import { checkedInt, MAX_SECONDS, MIN_SECONDS, timestampOverflow } from './arithmetic.ts'
import { utf8Decode, utf8Encode } from './text.ts'
import { CelError, type CelValue, Double, Duration, isError, Opaque, Timestamp, toInt, typeOf, Uint } from './values.ts'

const intOverflow = new CelError('integer overflow')
const uintOverflow = new CelError('unsigned integer overflow')
const TWO_63 = 2 ** 63
const TWO_64 = 2 ** 64
const MAX_UINT = 2n ** 64n - 1n

function cannot(value: CelValue, to: string): CelError {
  return new CelError(`type conversion error from '${typeOf(value).name}' to '${to}'`)
}

/** `int(x)` */
export function toIntValue(value: CelValue): CelValue {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return value
    case 'string': {
      const parsed = /^[+-]?\d+$/.test(value) ? checkedInt(BigInt(value.replace(/^\+/, ''))) : undefined
      return parsed === undefined || isError(parsed) ? cannot(value, 'int') : parsed
    }
    default:
  }
  if (value instanceof Double) {
    if (!(value.value > -TWO_63 && value.value < TWO_63)) return intOverflow
    return toInt(BigInt(Math.trunc(value.value)))
  }
  if (value instanceof Uint) return checkedInt(value.value)
  if (value instanceof Timestamp) return value.seconds
  if (value instanceof Duration) return toInt(value.nanos)
  return cannot(value, 'int')
}

/** `uint(x)` */
export function toUintValue(value: CelValue): CelValue {
  if (value instanceof Uint) return value
  if (typeof value === 'number' || typeof value === 'bigint') {
    return value < 0 ? uintOverflow : new Uint(BigInt(value))
  }
  if (value instanceof Double) {
    if (!(value.value >= 0 && value.value < TWO_64)) return uintOverflow
    return new Uint(BigInt(Math.trunc(value.value)))
  }
  if (typeof value === 'string' && /^\d+$/.test(value) && BigInt(value) <= MAX_UINT) return new Uint(BigInt(value))
  return cannot(value, 'uint')
}

const SPECIAL_DOUBLES: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, infinity: Infinity }

/** `double(x)` */
export function toDoubleValue(value: CelValue): CelValue {
  if (value instanceof Double) return value
  if (typeof value === 'number' || typeof value === 'bigint') return new Double(Number(value))
  if (value instanceof Uint) return new Double(Number(value.value))
  if (typeof value === 'string') {
    const parsed = parseDouble(value)
    if (parsed !== undefined) return new Double(parsed)
  }
  return cannot(value, 'double')
}

const FLOAT = /^[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?$/
const HEX_FLOAT = /^([+-]?)0[xX]_?([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/

function hexFloat([, sign = '', whole = '', fraction = '', exponent = '0']: RegExpExecArray): number {
  const value = parseInt(whole + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length)
  return sign === '-' ? -value : value
}

/** A float's text as Go reads it; undefined if it is none, or beyond all floats. */
export function parseDouble(text: string): number | undefined {
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(text)
  if (special !== null) {
    const value = SPECIAL_DOUBLES[(special[2] ?? '').toLowerCase()] ?? NaN
    if (Number.isNaN(value) && special[1] !== '') return undefined
    return special[1] === '-' ? -value : value
  }
  const hexadecimal = HEX_FLOAT.exec(text)
  if (hexadecimal === null && !FLOAT.test(text)) return undefined
  const value = hexadecimal === null ? Number(text.replaceAll('_', '')) : hexFloat(hexadecimal)
  return Number.isFinite(value) ? value : undefined
}

/** `bool(x)` */
export function toBoolValue(value: CelValue): CelValue {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string') {
    if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
    if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false
  }
  return cannot(value, 'bool')
}

/** `bytes(x)` */
export function toBytesValue(value: CelValue): CelValue {
  if (value instanceof Uint8Array) return value
  return typeof value === 'string' ? utf8Encode(value) : cannot(value, 'bytes')
}

/** `string(x)` */
export function toStringValue(value: CelValue): CelValue {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
  }
  if (value instanceof Double) return doubleText(value.value)
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Uint8Array) {
    return utf8Decode(value) ?? new CelError('invalid UTF-8 in bytes, cannot convert to string')
  }
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  if (value instanceof CelType) return value.name
  if (value instanceof Opaque && value.toText !== undefined) return value.toText()
  return cannot(value, 'string')
}

/** A value's text for a complaint; empty if it has none. */
export function textOf(value: CelValue): string {
  const text = toStringValue(value)
  return typeof text === 'string' ? text : ''
}

/** A float as Go's %g prints it. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const [, exponentText = '0'] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent >= -4 && exponent < 6) return plainText(value)
  const [mantissa = ''] = value.toExponential().split('e')
  const sign = exponent < 0 ? '-' : '+'
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
}

/** A float's shortest decimal without exponent. */
export function plainText(value: number): string {
  const [mantissa = '', exponentText = '0'] = Math.abs(value).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const point = Number(exponentText) + 1
  const sign = value < 0 ? '-' : ''
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`.replace(/\.?0+$/, '') || '0'
  const whole = digits.slice(0, point).padEnd(point, '0')
  const fraction = digits.slice(point)
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** A duration as CEL prints it: seconds with a fraction, `90.5s`. */
export function durationText(value: Duration): string {
  const seconds = Number(value.nanos / 1_000_000_000n) + Number(value.nanos % 1_000_000_000n) / 1e9
  return `${plainText(seconds)}s`
}

/** A timestamp as RFC 3339 with as many decimals as it has, in the zone it was written in. */
export function timestampText({ seconds, nanos, offsetSeconds }: Timestamp): string {
  const iso = new Date((seconds + offsetSeconds) * 1000).toISOString().slice(0, 19)
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`
  if (offsetSeconds === 0) return `${iso}${fraction}Z`
  const minutes = Math.abs(offsetSeconds) / 60
  const two = (n: number): string => String(Math.trunc(n)).padStart(2, '0')
  return `${iso}${fraction}${offsetSeconds < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
}

/** `duration(x)` */
export function toDurationValue(value: CelValue): CelValue {
  if (value instanceof Duration) return value
  if (typeof value !== 'string') return cannot(value, 'google.protobuf.Duration')
  try {
    return new Duration(parseDurationNanos(value))
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return cannot(value, 'google.protobuf.Duration')
  }
}

/** `timestamp(x)` */
export function toTimestampValue(value: CelValue): CelValue {
  if (value instanceof Timestamp) return value
  if (typeof value === 'number' || typeof value === 'bigint') {
    const seconds = Number(value)
    return seconds < MIN_SECONDS || seconds > MAX_SECONDS ? timestampOverflow : new Timestamp(seconds, 0)
  }
  const parsed = typeof value === 'string' ? parseTimestamp(value) : undefined
  if (parsed === undefined) return cannot(value, 'google.protobuf.Timestamp')
  return parsed.seconds < MIN_SECONDS || parsed.seconds > MAX_SECONDS ? timestampOverflow : parsed
}

/** RFC 3339 text as a timestamp; undefined if it is none. */
export function parseTimestamp(text: string): Timestamp | undefined {
  try {
    const { seconds } = parseTime(text)
    const fraction = /[.,](\d+)/.exec(text)?.[1] ?? ''
    const zone = /([+-])(\d\d):(\d\d)$/.exec(text)
    const minutes = zone === null ? 0 : Number(zone[2]) * 60 + Number(zone[3])
    const offset = zone?.[1] === '-' ? -minutes * 60 : minutes * 60
    return new Timestamp(seconds, Number(fraction.padEnd(9, '0').slice(0, 9)), offset)
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return undefined
  }
}
