import { goQuote } from '../../lib/quote.ts'

/** The server of a kubeconfig, posted to at that very address. */
export interface RemoteService {
  /** The address, as messages have it. */
  readonly url: string
  /**
   * Posts JSON; the answer's JSON when it is a success. Rejects with a RemoteError, after the service's time-out at the latest. `signal` is the
   * one's who waits for it.
   */
  post(body: unknown, signal?: AbortSignal): Promise<unknown>
  close(): void
}

export interface RemoteFailure {
  /** Of the answer; 0 when there was none. */
  readonly status?: number
  /** Nothing came in time. */
  readonly timedOut?: boolean
  /** Asking again may do better. */
  readonly retry?: boolean
}

/** A service was not reached, or refused, in the words of a client of Go. */
export class RemoteError extends Error {
  readonly status: number
  readonly timedOut: boolean
  readonly retry: boolean

  constructor(message: string, { status = 0, timedOut = false, retry = false }: RemoteFailure = {}, cause?: unknown) {
    super(message, { cause })
    this.name = 'RemoteError'
    this.status = status
    this.timedOut = timedOut
    this.retry = retry
  }
}

/** By which a Status of the service's own says that it might do better later. */
const RETRIED_REASONS: ReadonlySet<unknown> = new Set(['InternalError', 'Timeout', 'TooManyRequests', 'ServerTimeout'])

/** What a client of Go makes of an answer that is no success: the Status that it carries, or words of its own. `body` is JSON or text. */
export function answeredBadly(status: number, body: unknown, retryAfter?: string): RemoteError {
  const told = statusOf(body)
  const retry =
    retryAfter !== undefined ||
    (told ? RETRIED_REASONS.has(told.reason) : status === 429 || (status >= 500 && status !== 503))
  const message = told?.message ?? inOwnWords(status, typeof body === 'string' ? body : '')
  return new RemoteError(message, { status, timedOut: status === 504, retry })
}

function statusOf(body: unknown): { readonly message: string; readonly reason: unknown } | undefined {
  if (typeof body !== 'object' || body === null || !('kind' in body) || body.kind !== 'Status') return undefined
  const { message, reason, status } = body as { message?: unknown; reason?: unknown; status?: unknown }
  return status === 'Success' ? undefined : { message: typeof message === 'string' ? message : 'unknown', reason }
}

const WORDS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
}

function inOwnWords(status: number, text: string): string {
  const known = WORDS[status]
  if (known !== undefined) return known
  if (status === 403 || status === 406 || status === 415) return text || 'unknown'
  if (status >= 500)
    return `an error on the server (${goQuote(text || 'unknown')}) has prevented the request from succeeding`
  return `the server responded with the status code ${status} but did not return more information`
}
