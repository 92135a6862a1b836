import { quoteBytes } from '../../lib/quote.ts'
import { ParseError } from '../parse-error.ts'

const NANOS_PER_UNIT: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const MAX = 2n ** 63n - 1n

/** Parses a Go duration such as `1h15m30.5s` to nanoseconds. Throws ParseError in Go's words. */
export function parseDurationNanos(text: string): bigint {
  const fail = (): ParseError => new ParseError(`time: invalid duration ${quoteBytes(text)}`)
  const negative = text.startsWith('-')
  let rest = text.replace(/^[+-]/, '')
  if (rest === '0') return 0n
  if (rest === '') throw fail()
  let total = 0n
  while (rest !== '') {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest)
    const [matched = '', whole = '', fraction = ''] = number ?? []
    if (whole === '' && fraction === '') throw fail()
    if (whole.length > 40 || BigInt(whole || '0') > MAX + 1n) throw fail()
    rest = rest.slice(matched.length)
    const unitName = /^[^.\d]+/.exec(rest)?.[0]
    if (!unitName) throw new ParseError(`time: missing unit in duration ${quoteBytes(text)}`)
    const unit = Object.hasOwn(NANOS_PER_UNIT, unitName) ? NANOS_PER_UNIT[unitName] : undefined
    if (!unit) throw new ParseError(`time: unknown unit ${quoteBytes(unitName)} in duration ${quoteBytes(text)}`)
    rest = rest.slice(unitName.length)
    total += BigInt(whole || '0') * unit + fractionOf(fraction.slice(0, 30), unit)
    if (total > MAX + (negative ? 1n : 0n)) throw fail()
  }
  return negative ? -total : total
}

const fractionOf = (digits: string, unit: bigint): bigint =>
  digits === '' ? 0n : (BigInt(digits) * unit) / 10n ** BigInt(digits.length)

/** Parses a Go duration to milliseconds, with a fraction. Throws ParseError. */
export const parseDuration = (text: string): number => Number(parseDurationNanos(text)) / 1e6

/** A duration as Go prints it: `1h15m30.5s`, `2ms`, `0s`. */
export function formatDurationNanos(nanos: bigint): string {
  if (nanos === 0n) return '0s'
  const sign = nanos < 0n ? '-' : ''
  const left = nanos < 0n ? -nanos : nanos
  if (left < 1_000n) return `${sign}${left}ns`
  if (left < 1_000_000n) return `${sign}${decimal(left, 1_000n)}µs`
  if (left < 1_000_000_000n) return `${sign}${decimal(left, 1_000_000n)}ms`
  const minutes = left / 60_000_000_000n
  const seconds = `${decimal(left % 60_000_000_000n, 1_000_000_000n)}s`
  if (minutes === 0n) return sign + seconds
  return minutes < 60n ? `${sign}${minutes}m${seconds}` : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

/** `value` / `unit` in decimal, without trailing zeros. `unit` is a power of ten. */
function decimal(value: bigint, unit: bigint): string {
  const places = String(unit).length - 1
  const fraction = String(value % unit)
    .padStart(places, '0')
    .replace(/0+$/, '')
  return fraction ? `${value / unit}.${fraction}` : `${value / unit}`
}

/** Milliseconds as Go prints the duration. */
export const formatDuration = (ms: number): string => formatDurationNanos(BigInt(Math.round(ms * 1e6)))
