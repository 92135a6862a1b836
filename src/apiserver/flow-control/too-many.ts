import type { RawAnswer } from '../registry/answer.ts'
import { textAnswer } from '../routes/text.ts'

/** What those hear who are turned away. */
export function tooManyRequests(retryAfterSeconds: number): RawAnswer {
  const answer = textAnswer(429, 'Too many requests, please try again later.\n')
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } }
}
