import { StatusError, STATUS_CODES, type Status, type StatusReason } from '../apimachinery/status.ts'
import { sleep } from '../lib/clock.ts'
import type { ApiRequest, ApiResponse, ClientOptions } from './transport.ts'

/** Sends a request with the client's headers; rejects with a StatusError for any answer from 400 on. */
export type Call = (request: ApiRequest) => Promise<ApiResponse>

/** As client-go: a server that names a Retry-After is asked again this many times. */
const MAX_RETRIES = 10

/** How a client's requests go out: with its User-Agent, tried again when the server says when. */
export function createCaller({ transport, env, userAgent }: ClientOptions): Call {
  const defaults = { 'user-agent': userAgent }
  return async (request) => {
    const headers = request.headers ? { ...defaults, ...request.headers } : defaults
    for (let attempt = 0; ; attempt++) {
      const response = await transport.request({ ...request, headers })
      if (response.status < 400) return response
      const waitMs = retryAfterMs(response)
      if (waitMs === undefined || attempt === MAX_RETRIES) throw errorOf(response)
      await sleep(env.clock, waitMs, request.signal)
    }
  }
}

function retryAfterMs({ status, headers }: ApiResponse): number | undefined {
  if (status !== 429 && status < 500) return undefined
  const seconds = Number(headers['retry-after'] ?? NaN)
  return Number.isInteger(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}

/** The StatusError that a failed answer carries, or one made from its code when the body is no Status. */
export function errorOf({ status, body }: Pick<ApiResponse, 'status' | 'body'>): StatusError {
  if (isStatus(body)) return new StatusError(body)
  const text = typeof body === 'string' ? body.trim() : ''
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: text || `the server responded with the status code ${status}`,
    reason: REASON_OF_CODE.get(status) ?? 'Unknown',
    code: status,
  })
}

/** The reason that upstream's clients assume for a bare code: the first of the table that has it. */
const REASON_OF_CODE = new Map<number, StatusReason>(
  (Object.entries(STATUS_CODES) as [StatusReason, number][]).toReversed().map(([reason, code]) => [code, reason]),
)

function isStatus(body: unknown): body is Status {
  return typeof body === 'object' && body !== null && (body as { kind?: unknown }).kind === 'Status'
}
