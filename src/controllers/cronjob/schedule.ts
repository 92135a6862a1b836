import type { CronSchedule } from '../../lib/cron.ts'
import { Lru } from '../../lib/lru.ts'

const MINUTE_MS = 60_000
const QUARTER_MS = 15 * MINUTE_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** A schedule without a time within five years has none. */
const HORIZON_MS = 5 * 366 * DAY_MS

/** The wall clock of a time zone. Throws a RangeError for one that isn't known. */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat
  readonly #offsets = new Lru<number, number>(1000)

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** What the clock shows at `ms`, written as the ms at which a clock of UTC would show it. */
  local(ms: number): number {
    return ms + this.#offset(ms)
  }

  /** Formatting is dear, and clocks are changed at quarters of an hour only. */
  #offset(ms: number): number {
    const quarter = Math.floor(ms / QUARTER_MS)
    let offset = this.#offsets.get(quarter)
    if (offset === undefined) {
      offset = this.#shown(quarter * QUARTER_MS) - quarter * QUARTER_MS
      this.#offsets.set(quarter, offset)
    }
    return offset
  }

  #shown(ms: number): number {
    const parts = new Map<string, number>(
      this.#format.formatToParts(ms).map(({ type, value }) => [type, Number(value)] as const),
    )
    const at = (type: string): number => parts.get(type) ?? 0
    return Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'))
  }

  /** When the clock shows this; where it is put forward past it, just after. */
  toUtc(local: number): number {
    const guess = local - (this.local(local) - local)
    const shown = this.local(guess)
    return shown === local ? guess : guess - (shown - local)
  }
}

/** The first time after `afterMs` that the schedule names; undefined when there is none. */
export function nextTime(schedule: CronSchedule, afterMs: number, zone: ZoneClock): number | undefined {
  if (schedule.everyMs !== undefined) return Math.floor(afterMs / 1000) * 1000 + schedule.everyMs
  let ms = Math.floor(afterMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS
  const endMs = afterMs + HORIZON_MS
  while (ms <= endMs) {
    const local = zone.local(ms)
    const skip = skipFrom(schedule, local)
    if (skip === 0) return ms
    // Around a change of the clock the same time may come twice, or not at all: always go on.
    ms = Math.max(skip >= DAY_MS ? zone.toUtc(local + skip) : ms + skip, ms + MINUTE_MS)
  }
  return undefined
}

/** How much later the schedule can match at the earliest; 0 when it does. Midnights are told as a day or more. */
function skipFrom(schedule: CronSchedule, local: number): number {
  const date = new Date(local)
  const toMidnight = DAY_MS - (local % DAY_MS)
  if (!schedule.months.has(date.getUTCMonth() + 1)) {
    const nextMonth = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
    return Math.max(nextMonth - local, DAY_MS)
  }
  if (!matchesDay(schedule, date)) return toMidnight
  if (!schedule.hours.has(date.getUTCHours())) return HOUR_MS - (local % HOUR_MS)
  return schedule.minutes.has(date.getUTCMinutes()) ? 0 : MINUTE_MS
}

/** When both fields name days, either is enough. */
function matchesDay({ daysOfMonth, daysOfWeek, anyDayOfMonth, anyDayOfWeek }: CronSchedule, date: Date): boolean {
  const [month, week] = [daysOfMonth.has(date.getUTCDate()), daysOfWeek.has(date.getUTCDay())]
  return anyDayOfMonth || anyDayOfWeek ? month && week : month || week
}

/** What a schedule has named since a time. */
export interface Missed {
  readonly latestMs: number | undefined
  /** About how many times; exact where they are evenly spaced. */
  readonly count: number
}

/** The latest time up to `now` that the schedule names after `earliestMs`. */
export function missedTimes(schedule: CronSchedule, earliestMs: number, now: number, zone: ZoneClock): Missed {
  const first = nextTime(schedule, earliestMs, zone)
  if (first === undefined || first > now) return { latestMs: undefined, count: 0 }
  const second = nextTime(schedule, first, zone)
  if (second === undefined || second > now) return { latestMs: first, count: 1 }
  const spacing = second - first
  let back = spacing
  let latest = first
  // Look back further and further for a time that has passed, then go forward to the last one.
  for (let from = now; from > first; back *= 2) {
    from = Math.max(first, now - back)
    const found = nextTime(schedule, from - 1, zone)
    if (found !== undefined && found <= now) {
      latest = found
      break
    }
  }
  for (
    let next = nextTime(schedule, latest, zone);
    next !== undefined && next <= now;
    next = nextTime(schedule, latest, zone)
  )
    latest = next
  return { latestMs: latest, count: Math.floor((now - first) / spacing) + 1 }
}
