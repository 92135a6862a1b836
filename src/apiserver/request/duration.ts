import { goQuote } from '../../lib/quote.ts'

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
/** 2^63 nanoseconds: where Go's durations end. */
const MOST_MS = 2 ** 63 / 1e6

/** Milliseconds of a duration such as `1h1.5s` (Go's time.ParseDuration); the reason, in Go's words, when it is none. */
export function parseDuration(text: string): number | { readonly problem: string } {
  const invalid = { problem: `time: invalid duration ${goQuote(text)}` }
  const sign = text.startsWith('-') ? -1 : 1
  let rest = text.replace(/^[+-]/, '')
  if (rest === '0') return 0
  if (rest === '') return invalid
  let total = 0
  while (rest !== '') {
    const [, number = ''] = /^(\d*\.?\d*)/.exec(rest) ?? []
    if (!/\d/.test(number)) return invalid
    rest = rest.slice(number.length)
    const [unit = ''] = /^[^.\d]*/.exec(rest) ?? []
    if (unit === '') return { problem: `time: missing unit in duration ${goQuote(text)}` }
    const unitMs = Object.hasOwn(UNITS_MS, unit) ? UNITS_MS[unit] : undefined
    if (unitMs === undefined) return { problem: `time: unknown unit ${goQuote(unit)} in duration ${goQuote(text)}` }
    rest = rest.slice(unit.length)
    total += Number(number) * unitMs
    if (total > MOST_MS) return invalid
  }
  return sign * total
}
