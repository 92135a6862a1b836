import { failure, type StatusError } from '../../apimachinery/status.ts'
import type { UserInfo } from '../authn/types.ts'
import type { Call } from '../request/call.ts'
import { parseRequestInfo } from '../request/info.ts'
import { Latencies } from '../request/latencies.ts'
import { parseQuery } from '../request/query.ts'
import type { Limits } from './limits.ts'
import type { Exchange } from './exchange.ts'

/** The largest body: upstream's limit. */
export const BODY_LIMIT = 3 * 1024 * 1024

const NO_QUERY = new URLSearchParams()

interface CallOptions {
  readonly upgrade?: boolean
  readonly negotiate?: () => void
  readonly auditID?: string
}

/** The call that an HTTP exchange makes; what few requests need is made when it is first asked for. */
export function httpCall(
  limits: Limits,
  exchange: Exchange,
  user: UserInfo,
  { upgrade = false, negotiate, auditID }: CallOptions = {},
): Call {
  const { method, url, headers, incoming } = exchange
  const query = queryOf(url)
  let bytes: Promise<Uint8Array> | undefined
  let signal: AbortSignal | undefined
  let annotations: Map<string, string> | undefined
  const call: Call = {
    method,
    info: parseRequestInfo(method, pathOf(url), query),
    query,
    headers,
    user,
    auditID,
    upgrade,
    negotiate,
    warnings: [],
    latencies: new Latencies(),
    body: { kind: 'bytes', read: () => (bytes ??= readBody(limits, exchange)), stream: () => incoming },
    get remote() {
      return exchange.remote
    },
    get annotations() {
      return call.audit?.annotations ?? (annotations ??= new Map())
    },
    get signal() {
      return (signal ??= abortedOnClose(exchange))
    },
  }
  return call
}

/** Made once: a reason of its own for each request would cost more than the request's bookkeeping. */
const GONE = new Error('the client has gone')

function abortedOnClose(exchange: Exchange): AbortSignal {
  const gone = new AbortController()
  exchange.onClose(() => gone.abort(GONE))
  return gone.signal
}

/** A request's path without its query. */
export function pathOf(url: string): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}

/** A request's query; of most it is empty. */
export function queryOf(url: string): URLSearchParams {
  const mark = url.indexOf('?')
  return mark < 0 ? NO_QUERY : parseQuery(url.slice(mark + 1))
}

/** There is no room in memory for what comes, or for what should go. */
export const TOO_MANY = (): StatusError =>
  failure('TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds: 1 })

/**
 * Collects a body. Throws 413 for one that is too large and 429 for one that there is no room for, whose rest is not read, and 504 for
 * one that takes too long. Its bytes count until the request is answered.
 */
function readBody({ bodies, deadlines }: Limits, exchange: Exchange): Promise<Uint8Array> {
  const { incoming, headers } = exchange
  const tooLarge = (): Error => failure('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT}`)
  const announced = Number(headers['content-length'] ?? 0)
  if (announced > BODY_LIMIT) return Promise.reject(tooLarge())
  let counted = 0
  const count = (bytes: number): boolean => {
    if (bytes <= counted) return true
    if (!bodies.take(bytes - counted)) return false
    counted = bytes
    return true
  }
  if (!count(announced)) return Promise.reject(TOO_MANY())
  exchange.onClose(() => bodies.give(counted))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const tooLate = (): void => reject(failure('Timeout', 'request did not complete within the allotted timeout'))
    const inTime = deadlines.add(tooLate)
    const refuse = (error: Error): void => {
      incoming.removeAllListeners('data').resume()
      reject(error)
    }
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > BODY_LIMIT) refuse(tooLarge())
      else if (!count(length)) refuse(TOO_MANY())
      else chunks.push(chunk)
    })
    let whole = false
    incoming.once('end', () => {
      inTime()
      whole = true
      resolve(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, length))
    })
    incoming.once('error', () => reject(failure('BadRequest', 'the client has gone')))
    incoming.once('close', () => {
      inTime()
      if (!whole) reject(failure('BadRequest', 'the client has gone'))
    })
  })
}

const EMPTY = Buffer.alloc(0)
