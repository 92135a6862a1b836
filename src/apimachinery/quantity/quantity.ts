import { ParseError } from '../parse-error.ts'

/** How a quantity was written, and so how it is printed: `12e6`, `12Mi`, `12M`. */
export type QuantityFormat = 'DecimalExponent' | 'BinarySI' | 'DecimalSI'

/**
 * A fixed-point number (upstream's resource.Quantity). Nothing finer than a billionth exists, so the amount is a
 * whole number of billionths.
 */
export interface Quantity {
  readonly nanos: bigint
  readonly format: QuantityFormat
  /** The text as written, when upstream prints that rather than the canonical form. */
  readonly text?: string
}

const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const WRONG_NUMBER = 'unable to parse numeric part of quantity'
const WRONG_SUFFIX = "unable to parse quantity's suffix"

/** Beyond these a quantity is refused: arithmetic on it would cost more than any resource amount is worth. */
const MAX_LENGTH = 1024
const MAX_EXPONENT = 4096

const NANOS_PER_UNIT = 1_000_000_000n
const MAX_INT64 = 2n ** 63n - 1n

const DECIMAL_SUFFIXES: readonly (readonly [string, number])[] = [
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

interface Suffix {
  readonly format: QuantityFormat
  /** A power of 10, or of 2 for BinarySI. */
  readonly exponent: number
}

const SUFFIXES: ReadonlyMap<string, Suffix> = new Map<string, Suffix>([
  ...DECIMAL_SUFFIXES.map(([suffix, exponent]) => [suffix, { format: 'DecimalSI', exponent }] as const),
  ...BINARY_SUFFIXES.slice(1).map((suffix, i) => [suffix, { format: 'BinarySI', exponent: (i + 1) * 10 }] as const),
])

/** The parts of a quantity's text. */
interface Parts {
  readonly negative: boolean
  /** Digits before the point, without leading zeros, `0` when none are left. */
  readonly whole: string
  /** Digits after the point. */
  readonly fraction: string
  readonly suffix: Suffix
  /** Whether any digit stood in the text. */
  readonly hasDigits: boolean
}

/** Parses `1.5Gi`, `200m`, `1e3`. Amounts finer than 1n round up, away from zero. Throws ParseError in upstream's words. */
export function parseQuantity(text: string): Quantity {
  const known = KNOWN.get(text)
  if (known) return known
  const quantity = parse(text)
  if (KNOWN.size >= MOST_KNOWN) KNOWN.clear()
  KNOWN.set(text, quantity)
  return quantity
}

/** A cluster writes few amounts, and each of them in many objects: what a text means is worked out once. */
const KNOWN = new Map<string, Quantity>()
const MOST_KNOWN = 1000

function parse(text: string): Quantity {
  const parts = split(text)
  const { exponent, format } = parts.suffix
  if (staysAsWritten(parts)) return { nanos: amount(parts), format, text }
  if (!parts.hasDigits && !fitsInt64(parts)) throw new ParseError(WRONG_NUMBER)
  if (exponent > MAX_EXPONENT && !isZero(parts)) throw new ParseError(WRONG_NUMBER)
  const nanos = amount(parts)
  const magnitude = nanos < 0n ? -nanos : nanos
  if (format !== 'BinarySI') return { nanos, format }
  if (magnitude > MAX_INT64 * NANOS_PER_UNIT) {
    const most = MAX_INT64 * NANOS_PER_UNIT
    return { nanos: nanos < 0n ? -most : most, format }
  }
  return { nanos, format: magnitude > 0n && magnitude < NANOS_PER_UNIT ? 'DecimalSI' : format }
}

function split(text: string): Parts {
  const match =
    text.length > 0 && text.length <= MAX_LENGTH
      ? /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/.exec(text)
      : undefined
  if (!match) throw new ParseError(WRONG_FORMAT)
  const [, sign, digits = '', fraction = '', suffixText = ''] = match
  const suffix = SUFFIXES.get(suffixText) ?? exponentSuffix(suffixText)
  if (!suffix) throw new ParseError(WRONG_SUFFIX)
  const whole = digits.replace(/^0+/, '') || '0'
  return { negative: sign === '-', whole, fraction, suffix, hasDigits: digits.length + fraction.length > 0 }
}

function exponentSuffix(text: string): Suffix | undefined {
  const match = /^[eE]([+-]?\d+)$/.exec(text)
  if (!match?.[1]) return undefined
  const exponent = BigInt(match[1].replace(/^\+/, ''))
  if (BigInt.asIntN(64, exponent) !== exponent) return undefined
  return { format: 'DecimalExponent', exponent: Number(exponent) }
}

const isZero = ({ whole, fraction }: Parts): boolean => whole === '0' && /^0*$/.test(fraction)

/** Whether upstream's fast path, which works in 64 bits, takes this number. */
function fitsInt64({ whole, fraction, suffix: { format, exponent } }: Parts): boolean {
  if (format !== 'BinarySI') return whole.length + fraction.length <= 18 && exponent - fraction.length >= -9
  if (fraction !== '' || 15 - whole.length - Math.trunc((exponent * 3) / 10) - 1 < 0) return false
  return BigInt(whole) << BigInt(exponent) <= MAX_INT64
}

/** Upstream keeps a text that its fast path took and that looks canonical enough to it. */
function staysAsWritten(parts: Parts): boolean {
  const { whole, fraction, suffix } = parts
  if (!fitsInt64(parts) || suffix.exponent > MAX_EXPONENT) return false
  if (suffix.format === 'BinarySI') return Number(whole.slice(-3)) % 8 !== 0
  const digits = whole + fraction
  return (suffix.exponent - fraction.length) % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0')
}

/** The amount in billionths, rounded away from zero. */
function amount({ negative, whole, fraction, suffix: { format, exponent } }: Parts): bigint {
  const digits = BigInt(whole + fraction)
  if (digits === 0n) return 0n
  const scale = (format === 'BinarySI' ? 0 : exponent) - fraction.length + 9
  const binary = format === 'BinarySI' ? digits << BigInt(exponent) : digits
  const magnitude = scale >= 0 ? binary * 10n ** BigInt(scale) : divideUp(binary, -scale)
  return negative ? -magnitude : magnitude
}

/** `value` / 10^`places`, rounded up. `value` > 0. */
function divideUp(value: bigint, places: number): bigint {
  if (places > MAX_LENGTH * 2) return 1n
  const divisor = 10n ** BigInt(places)
  return (value + divisor - 1n) / divisor
}

/** The quantity as the API prints it. */
export function formatQuantity({ nanos, format, text }: Quantity): string {
  if (text !== undefined) return text
  if (nanos === 0n) return '0'
  return format === 'BinarySI' ? formatBinary(nanos) : formatDecimal(nanos, format)
}

/** Whole amounts from 1024 up are printed in powers of 1024, others decimally. */
function formatBinary(nanos: bigint): string {
  const units = nanos / NANOS_PER_UNIT
  const magnitude = units < 0n ? -units : units
  if (nanos % NANOS_PER_UNIT !== 0n || magnitude < 1024n) return formatDecimal(nanos, 'DecimalSI')
  let mantissa = units
  let power = 0
  while (power < BINARY_SUFFIXES.length - 1 && mantissa % 1024n === 0n) {
    mantissa /= 1024n
    power++
  }
  return `${mantissa}${BINARY_SUFFIXES[power]}`
}

/** The largest power of 1000 that leaves a whole number. */
function formatDecimal(nanos: bigint, format: QuantityFormat): string {
  const most = format === 'DecimalSI' ? 18 : MAX_EXPONENT * 2
  let mantissa = nanos
  let exponent = -9
  while (exponent < most && mantissa % 1000n === 0n) {
    mantissa /= 1000n
    exponent += 3
  }
  if (exponent === 0) return `${mantissa}`
  if (format === 'DecimalExponent') return `${mantissa}e${exponent}`
  return `${mantissa}${DECIMAL_SUFFIXES[exponent / 3 + 3]?.[0]}`
}

/** The sum. It is printed in the format of `a`, unless `a` is zero. */
export function addQuantity(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format }
}

/** The difference. It is printed in the format of `a`, unless `a` is zero. */
export function subtractQuantity(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos - b.nanos, format: a.nanos === 0n ? b.format : a.format }
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareQuantity(a: Quantity, b: Quantity): number {
  return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0
}

/** A whole number of units. */
export function quantityOf(units: number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nanos: BigInt(units) * NANOS_PER_UNIT, format }
}

/** A whole number of thousandths. */
export function milliQuantityOf(thousandths: number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nanos: BigInt(thousandths) * 1_000_000n, format }
}

/** In whole units, rounded away from zero: bytes, pods. Exact up to 2^53. */
export const valueOf = (quantity: Quantity): number => Number(roundAway(quantity.nanos, NANOS_PER_UNIT))

/** In whole thousandths, rounded away from zero: CPU. Exact up to 2^53. */
export const milliValueOf = (quantity: Quantity): number => Number(roundAway(quantity.nanos, 1_000_000n))

function roundAway(nanos: bigint, unit: bigint): bigint {
  const quotient = nanos / unit
  if (quotient * unit === nanos) return quotient
  return nanos < 0n ? quotient - 1n : quotient + 1n
}
