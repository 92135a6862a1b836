/** Cron schedules in the standard form of five fields, with names, ranges, steps and `@daily` and its like. */
import { getOwn } from './own.ts'

/** The values at which each field matches. */
export interface CronSchedule {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly daysOfMonth: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly daysOfWeek: ReadonlySet<number>
  /** Whether the field was `*`: when neither is, a day matches by either. */
  readonly anyDayOfMonth: boolean
  readonly anyDayOfWeek: boolean
  /** For `@every 1h`: the interval in ms, and no fields. */
  readonly everyMs?: number
}

/** A schedule that cannot be read. The words are those of the parser that Kubernetes uses (robfig/cron v3). */
export class CronError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CronError'
  }
}

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const MINUTE: Bounds = { min: 0, max: 59 }
const HOUR: Bounds = { min: 0, max: 23 }
const DAY_OF_MONTH: Bounds = { min: 1, max: 31 }
const MONTH: Bounds = { min: 1, max: 12, names: MONTHS }
const DAY_OF_WEEK: Bounds = { min: 0, max: 6, names: DAYS }

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/**
 * Parses a schedule. A leading `TZ=` or `CRON_TZ=` is skipped: what it names is for the caller to judge. `parseDuration`
 * reads the interval of `@every` to ms. Throws CronError.
 */
export function parseCron(text: string, parseDuration: (text: string) => number): CronSchedule {
  if (text === '') throw new CronError('empty spec string')
  const spec = /^(?:CRON_)?TZ=/.test(text) ? text.slice(text.indexOf(' ')).trim() : text
  if (spec.startsWith('@every ')) return every(spec, parseDuration)
  if (spec.startsWith('@') && !Object.hasOwn(DESCRIPTORS, spec)) {
    throw new CronError(`unrecognized descriptor: ${spec}`)
  }
  const fields = (getOwn(DESCRIPTORS, spec) ?? spec).split(/\s+/).filter(Boolean)
  if (fields.length !== 5) {
    throw new CronError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`)
  }
  const [minutes = '', hours = '', daysOfMonth = '', months = '', daysOfWeek = ''] = fields
  return {
    minutes: parseField(minutes, MINUTE),
    hours: parseField(hours, HOUR),
    daysOfMonth: parseField(daysOfMonth, DAY_OF_MONTH),
    months: parseField(months, MONTH),
    daysOfWeek: parseField(daysOfWeek, DAY_OF_WEEK),
    anyDayOfMonth: isAny(daysOfMonth),
    anyDayOfWeek: isAny(daysOfWeek),
  }
}

const NONE: ReadonlySet<number> = new Set()

function every(spec: string, parseDuration: (text: string) => number): CronSchedule {
  const interval = spec.slice('@every '.length)
  try {
    const everyMs = Math.max(1000, Math.floor(parseDuration(interval) / 1000) * 1000)
    const none = { minutes: NONE, hours: NONE, daysOfMonth: NONE, months: NONE, daysOfWeek: NONE }
    return { ...none, anyDayOfMonth: true, anyDayOfWeek: true, everyMs }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CronError(`failed to parse duration ${spec}: ${why}`)
  }
}

const isAny = (field: string): boolean => field.split(',').some((part) => /^[*?](\/1)?$/.test(part))

function parseField(field: string, bounds: Bounds): ReadonlySet<number> {
  const values = new Set<number>()
  for (const part of field.split(',').filter(Boolean)) {
    const { start, end, step } = parseRange(part, bounds)
    for (let value = start; value <= end; value += step) values.add(value)
  }
  return values
}

function parseRange(text: string, { min, max, names }: Bounds): { start: number; end: number; step: number } {
  const [range = '', stepText, ...moreSteps] = text.split('/')
  const [low = '', high, ...moreHyphens] = range.split('-')
  const any = low === '*' || low === '?'
  if (!any && moreHyphens.length > 0) throw new CronError(`too many hyphens: ${text}`)
  const start = any ? min : parseValue(low, names)
  let end = any ? max : high === undefined ? start : parseValue(high, names)
  if (moreSteps.length > 0) throw new CronError(`too many slashes: ${text}`)
  const step = stepText === undefined ? 1 : parseNumber(stepText)
  // `N/step` means `N-max/step`.
  if (stepText !== undefined && high === undefined) end = max
  if (start < min) throw new CronError(`beginning of range (${start}) below minimum (${min}): ${text}`)
  if (end > max) throw new CronError(`end of range (${end}) above maximum (${max}): ${text}`)
  if (start > end) throw new CronError(`beginning of range (${start}) beyond end of range (${end}): ${text}`)
  if (step === 0) throw new CronError(`step of range should be a positive number: ${text}`)
  return { start, end, step }
}

function parseValue(text: string, names: readonly string[] | undefined): number {
  const index = names?.indexOf(text.toLowerCase()) ?? -1
  return index < 0 ? parseNumber(text) : names === MONTHS ? index + 1 : index
}

function parseNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new CronError(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  }
  const value = Number(text)
  if (value < 0) throw new CronError(`negative number (${value}) not allowed: ${text}`)
  return value
}
