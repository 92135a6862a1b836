const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const YEAR_HOURS = 24 * 365

/** An age as kubectl prints it, with two or three digits that matter: `45s`, `5m30s`, `3d4h`, `2y10d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND_MS)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(ms / MINUTE_MS)
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(ms / HOUR_MS)
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (hours < 24 * 8) return pair(days, 'd', hours % 24, 'h')
  if (hours < YEAR_HOURS * 2) return `${days}d`
  const years = Math.trunc(hours / YEAR_HOURS)
  return hours < YEAR_HOURS * 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`
}

const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`

/** An age in one unit: `45s`, `5m`, `3d`. */
export function shortHumanDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND_MS)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.trunc(ms / MINUTE_MS)
  if (minutes < 60) return `${minutes}m`
  const hours = Math.trunc(ms / HOUR_MS)
  if (hours < 24) return `${hours}h`
  return hours < YEAR_HOURS ? `${Math.trunc(hours / 24)}d` : `${Math.trunc(hours / YEAR_HOURS)}y`
}

/** How long before `nowMs` a metav1.Time lies, for the Age column; `<unknown>` when it is absent. */
export function ageOf(time: string | undefined, nowMs: number): string {
  if (!time) return '<unknown>'
  return humanDuration(nowMs - Date.parse(time))
}
