import type { Call } from '../request/call.ts'
import { parseDuration } from '../request/duration.ts'

const MOST_MS = 60_000

/** How long a request may wait in its queue: a quarter of the time that it has, and no more than a minute. */
export function waitLimitMs({ info, query }: Call, requestTimeoutMs: number): number {
  const usual = Math.min(requestTimeoutMs / 4, MOST_MS)
  if (info.verb === 'watch' || query.size === 0) return usual
  const asked = parseDuration(query.get('timeout') ?? '')
  if (typeof asked !== 'number' || asked <= 0) return usual
  return Math.min(Math.min(asked, requestTimeoutMs) / 4, MOST_MS)
}
