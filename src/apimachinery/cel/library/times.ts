import { Lru } from '../../../lib/lru.ts'
import { DURATION, INT, STRING, TIMESTAMP } from '../check/types.ts'
import { CelError, type CelValue, Duration, noSuchOverload, Timestamp, toInt } from '../values/values.ts'
import { type FunctionDecl, fn, member, type Overload } from './functions.ts'

/** A date with its fields in UTC: a timestamp moved to the zone asked for. */
type Part = (date: Date, nanos: number) => number

const DAY = 86_400_000

function dayOfYear(date: Date): number {
  const start = new Date(date)
  start.setUTCMonth(0, 1)
  return Math.round((date.getTime() - start.getTime()) / DAY)
}

/** Name, the overload's ids without and with a time zone, and what is taken of the date. */
const PARTS: readonly (readonly [string, string, Part])[] = [
  ['getFullYear', 'timestamp_to_year', (date) => date.getUTCFullYear()],
  ['getMonth', 'timestamp_to_month', (date) => date.getUTCMonth()],
  ['getDayOfYear', 'timestamp_to_day_of_year', dayOfYear],
  ['getDayOfMonth', 'timestamp_to_day_of_month', (date) => date.getUTCDate() - 1],
  ['getDate', 'timestamp_to_day_of_month_1_based', (date) => date.getUTCDate()],
  ['getDayOfWeek', 'timestamp_to_day_of_week', (date) => date.getUTCDay()],
  ['getHours', 'timestamp_to_hours', (date) => date.getUTCHours()],
  ['getMinutes', 'timestamp_to_minutes', (date) => date.getUTCMinutes()],
  ['getSeconds', 'timestamp_to_seconds', (date) => date.getUTCSeconds()],
  ['getMilliseconds', 'timestamp_to_milliseconds', (_date, nanos) => Math.floor(nanos / 1e6)],
]

/** What a duration is cut to, by function. Milliseconds are those of the whole, too. */
const DURATIONS: Readonly<Record<string, readonly [string, bigint]>> = {
  getHours: ['duration_to_hours', 3_600_000_000_000n],
  getMinutes: ['duration_to_minutes', 60_000_000_000n],
  getSeconds: ['duration_to_seconds', 1_000_000_000n],
  getMilliseconds: ['duration_to_milliseconds', 1_000_000n],
}

/** getFullYear() and its like, of timestamps and durations. */
export const timeFunctions: readonly FunctionDecl[] = PARTS.map(([name, id, part]) => {
  const overloads: Overload[] = [
    member(id, [TIMESTAMP], INT, (time) => partOf(time ?? null, 'UTC', part)),
    member(`${id}_with_tz`, [TIMESTAMP, STRING], INT, (time, zone) => partOf(time ?? null, zone ?? null, part)),
  ]
  const ofDuration = DURATIONS[name]
  if (ofDuration !== undefined) {
    const [durationId, unit] = ofDuration
    overloads.push(member(durationId, [DURATION], INT, (duration) => cut(duration ?? null, unit)))
  }
  return fn(name, ...overloads)
})

function cut(value: CelValue, unit: bigint): CelValue {
  return value instanceof Duration ? toInt(value.nanos / unit) : noSuchOverload
}

function partOf(time: CelValue, zone: CelValue, part: Part): CelValue {
  if (!(time instanceof Timestamp) || typeof zone !== 'string') return noSuchOverload
  const offset = offsetOf(zone, time.seconds)
  if (offset instanceof CelError) return offset
  return part(new Date((time.seconds + offset) * 1000), time.nanos)
}

/** Seconds east of UTC of a zone's name or of `+hh:mm`, at a time. */
function offsetOf(zone: string, seconds: number): number | CelError {
  if (zone === '' || zone === 'UTC') return 0
  const colon = zone.indexOf(':')
  if (colon < 0) return namedOffset(zone, seconds)
  const [hours, minutes] = [zone.slice(0, colon), zone.slice(colon + 1)]
  for (const text of [hours, minutes]) {
    if (!/^[+-]?\d+$/.test(text)) return new CelError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
  const sign = zone.startsWith('-') ? -1 : 1
  return (Number(hours) * 60 + sign * Number(minutes)) * 60
}

/** Making one takes as long as using it twenty times, and an expression may do so for every element of a list. */
const formats = new Lru<string, Intl.DateTimeFormat>(512)

/** Throws RangeError if there is no such zone. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(zone, made)
  return made
}

function namedOffset(zone: string, seconds: number): number | CelError {
  try {
    const parts = formatOf(zone).formatToParts(seconds * 1000)
    const at = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0)
    const local = Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'))
    return local / 1000 - seconds
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return new CelError(`unknown time zone ${zone}`)
  }
}
