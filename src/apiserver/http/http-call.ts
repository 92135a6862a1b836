import { failure } from '../../apimachinery/status.ts'
import type { UserInfo } from '../authn/types.ts'
import type { Call } from '../request/call.ts'
import { parseRequestInfo } from '../request/info.ts'
import { parseQuery } from '../request/query.ts'
import type { Deadlines } from './deadlines.ts'
import type { Exchange } from './exchange.ts'

/** The largest body: upstream's limit. */
export const BODY_LIMIT = 3 * 1024 * 1024

/** How long a client may take to send a body: upstream's limit of any request that does not stream. */
export const BODY_MS = 60_000

const NO_QUERY = new URLSearchParams()

/** The call that an HTTP exchange makes; what few requests need is made when it is first asked for. */
export function httpCall(
  bodies: Deadlines,
  exchange: Exchange,
  user: UserInfo,
  { upgrade = false, negotiate }: { readonly upgrade?: boolean; readonly negotiate?: () => void } = {},
): Call {
  const { method, url, headers, incoming } = exchange
  const mark = url.indexOf('?')
  const query = mark < 0 ? NO_QUERY : parseQuery(url.slice(mark + 1))
  let bytes: Promise<Uint8Array> | undefined
  let signal: AbortSignal | undefined
  let annotations: Map<string, string> | undefined
  const call: Call = {
    method,
    info: parseRequestInfo(method, pathOf(url), query),
    query,
    headers,
    user,
    upgrade,
    ...(negotiate && { negotiate }),
    warnings: [],
    body: { kind: 'bytes', read: () => (bytes ??= readBody(bodies, exchange)), stream: () => incoming },
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

/** Collects a body. Throws 413 for one that is too large, whose rest is not read, and 504 for one that takes too long. */
function readBody(bodies: Deadlines, { incoming, headers }: Exchange): Promise<Uint8Array> {
  const tooLarge = (): Error => failure('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT}`)
  if (Number(headers['content-length'] ?? 0) > BODY_LIMIT) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const tooLate = (): void => reject(failure('Timeout', 'request did not complete within the allotted timeout'))
    const inTime = bodies.add(tooLate)
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > BODY_LIMIT) {
        incoming.removeAllListeners('data').resume()
        reject(tooLarge())
      } else chunks.push(chunk)
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
