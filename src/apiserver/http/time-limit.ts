import { badRequest } from '../../apimachinery/status.ts'
import type { Clock } from '../../lib/clock.ts'
import { isLongRunning } from '../request/long-running.ts'
import type { EncodedBody } from '../encode/encoded.ts'
import type { Call } from '../request/call.ts'
import { parseDuration } from '../request/duration.ts'
import type { Deadlines } from './deadlines.ts'

/** How long a request may take: some milliseconds that its client gives it, what all have, or as long as it likes. */
export type TimeLimit = number | 'usual' | 'none'

/** The limit of a request: no more than `mostMs`, unless it goes on by itself. Throws 400 for a `timeout` that is no duration. */
export function timeLimit({ info, query }: Call, mostMs: number): TimeLimit {
  if (isLongRunning(info)) return 'none'
  const text = query.size > 0 ? query.get('timeout') : null
  if (!text) return 'usual'
  const ms = parseDuration(text)
  if (typeof ms !== 'number') throw badRequest(`invalid timeout specified in the request URL - ${ms.problem}`)
  return ms <= 0 ? 'usual' : Math.min(ms, mostMs)
}

/** Who watches the time. */
export interface Timekeeper<T> {
  /** Of the requests with the usual limit, which are nearly all. */
  readonly deadlines: Deadlines
  readonly clock: Clock
  /** What comes instead of an answer that is late. */
  late(): T
}

/** The answer, or what comes in its place when it is late. Whoever works at it is not stopped, but what comes of it is not sent. */
export function inTime<T>(answer: Promise<T>, limit: TimeLimit, { deadlines, clock, late }: Timekeeper<T>): Promise<T> {
  if (limit === 'none') return answer
  return new Promise((resolve, reject) => {
    const up = (): void => resolve(late())
    const timer = limit === 'usual' ? undefined : clock.setTimer(up, limit)
    const cancel = timer ? () => timer.cancel() : deadlines.add(up)
    answer.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error: unknown) => {
        cancel()
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    )
  })
}

/** What is said of a request that took too long. */
export const LATE_STATUS = {
  metadata: {},
  status: 'Failure',
  message: 'Timeout: request did not complete within the allotted timeout',
  reason: 'Timeout',
  details: {},
  code: 504,
} as const

/** Upstream's 504: a Status without its kind, said to be text. */
export const TOO_LATE: EncodedBody = {
  type: 'body',
  status: 504,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: `${JSON.stringify(LATE_STATUS)}\n`,
}
