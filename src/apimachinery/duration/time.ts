import { quoteBytes } from '../../lib/quote.ts'
import { ParseError } from '../parse-error.ts'

const LAYOUT = '2006-01-02T15:04:05Z07:00'
const MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00'

/** The elements of RFC 3339 in order: how each is written in Go's layout, what it matches, and its range. */
const ELEMENTS: readonly {
  readonly layout: string
  readonly match: RegExp
  readonly range?: readonly [number, number, string]
}[] = [
  { layout: '2006', match: /^\d{4}/ },
  { layout: '-', match: /^-/ },
  { layout: '01', match: /^\d\d/, range: [1, 12, 'month'] },
  { layout: '-', match: /^-/ },
  { layout: '02', match: /^\d\d/ },
  { layout: 'T', match: /^T/ },
  { layout: '15', match: /^\d\d?/, range: [0, 23, 'hour'] },
  { layout: ':', match: /^:/ },
  { layout: '04', match: /^\d\d/, range: [0, 59, 'minute'] },
  { layout: ':', match: /^:/ },
  { layout: '05', match: /^\d\d/, range: [0, 59, 'second'] },
]

/** Go reads what stands for the six decimals as any whole number of six characters: `+00001` is a microsecond. */
const MICROS = /^[.,](\d{6}|[+-]\d{5})/

/** An instant: whole seconds since the epoch and microseconds within the second. */
export interface Instant {
  readonly seconds: number
  readonly micros: number
}

/** Parses RFC 3339 text, with exactly six decimals of a second for a MicroTime. Throws ParseError in Go's words. */
export function parseTime(text: string, micro = false): Instant {
  if (!micro && CANONICAL_TIME.test(text)) return { seconds: Date.parse(text) / 1000, micros: 0 }
  const numbers: number[] = []
  let rest = text
  const fail = (element: string): ParseError =>
    new ParseError(
      `parsing time ${quoteBytes(text)} as "${micro ? MICRO_LAYOUT : LAYOUT}": cannot parse ${quoteBytes(rest)} as "${element}"`,
    )
  const outOfRange = (what: string): ParseError =>
    new ParseError(`parsing time ${quoteBytes(text)}: ${what} out of range`)
  for (const { layout, match, range } of ELEMENTS) {
    const found = match.exec(rest)?.[0]
    if (found === undefined) throw fail(layout)
    if (/\d/.test(found)) numbers.push(Number(found))
    if (range && (Number(found) < range[0] || Number(found) > range[1])) throw outOfRange(range[2])
    rest = rest.slice(found.length)
  }
  const fraction = (micro ? MICROS : /^[.,](\d+)/).exec(rest)
  if (micro && !fraction) throw fail('.000000')
  if (Number(fraction?.[1]) < 0) throw outOfRange('fractional second')
  rest = rest.slice(fraction?.[0].length ?? 0)
  const zone = /^(?:Z|([+-])(\d\d):(\d\d))/.exec(rest)
  if (!zone) throw fail('Z07:00')
  const offset = zoneOffset(zone, outOfRange)
  const extra = rest.slice(zone[0].length)
  if (extra !== '') throw new ParseError(`parsing time ${quoteBytes(text)}: extra text: ${quoteBytes(extra)}`)
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = numbers
  if (day < 1 || day > daysIn(year, month)) throw outOfRange('day')
  const seconds = utcSeconds(year, month, day) + hour * 3600 + minute * 60 + second - offset
  return { seconds, micros: Math.abs(Number((fraction?.[1] ?? '').padEnd(6, '0').slice(0, 6))) }
}

function zoneOffset(zone: RegExpExecArray, outOfRange: (what: string) => ParseError): number {
  if (!zone[1]) return 0
  const [hours, minutes] = [Number(zone[2]), Number(zone[3])]
  if (minutes > 60) throw outOfRange('time zone offset minute')
  if (hours > 24) throw outOfRange('time zone offset hour')
  return (zone[1] === '-' ? -1 : 1) * (hours * 3600 + minutes * 60)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Seconds since the epoch at the start of a day. Years below 100 are taken as they are. */
function utcSeconds(year: number, month: number, day: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getTime() / 1000
}

/** metav1.Time's text: UTC, whole seconds. */
export function formatTime({ seconds }: Instant): string {
  return `${dateText(seconds)}Z`
}

/** metav1.MicroTime's text: UTC, six decimals. */
export function formatMicroTime({ seconds, micros }: Instant): string {
  return `${dateText(seconds)}.${String(micros).padStart(6, '0')}Z`
}

function dateText(seconds: number): string {
  const iso = new Date(seconds * 1000).toISOString()
  return iso.slice(0, iso.indexOf('.'))
}

const CANONICAL_TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/

/** A metav1.Time as the API prints it. Throws ParseError. */
export const canonicalTime = (text: string): string => (CANONICAL_TIME.test(text) ? text : formatTime(parseTime(text)))

/** A metav1.MicroTime as the API prints it. Throws ParseError. */
export const canonicalMicroTime = (text: string): string => formatMicroTime(parseTime(text, true))
