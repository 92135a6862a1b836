import { failure } from '../../apimachinery/status.ts'
import type { RequestHeaders, UserInfo } from '../authn/types.ts'
import type { Call, RequestBody } from '../request/call.ts'
import { parseRequestInfo, type RequestInfo } from '../request/info.ts'
import type { Exchange } from './exchange.ts'

/** The largest body: upstream's limit. */
export const BODY_LIMIT = 3 * 1024 * 1024

const NO_QUERY = new URLSearchParams()

/** A Call made of an HTTP exchange; what few requests need is made when it is first asked for. */
export class HttpCall implements Call {
  readonly method: string
  readonly info: RequestInfo
  readonly query: URLSearchParams
  readonly headers: RequestHeaders
  readonly user: UserInfo
  readonly upgrade: boolean
  readonly warnings: string[] = []
  readonly #exchange: Exchange
  #annotations: Map<string, string> | undefined
  #signal: AbortSignal | undefined

  constructor(exchange: Exchange, user: UserInfo, upgrade = false) {
    const { method, url, headers } = exchange
    const mark = url.indexOf('?')
    this.#exchange = exchange
    this.method = method
    this.query = mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1))
    this.headers = headers
    this.info = parseRequestInfo(method, pathOf(url), this.query)
    this.user = user
    this.upgrade = upgrade
  }

  get annotations(): Map<string, string> {
    return (this.#annotations ??= new Map())
  }

  get signal(): AbortSignal {
    if (this.#signal) return this.#signal
    const gone = new AbortController()
    this.#exchange.onClose(() => gone.abort())
    return (this.#signal = gone.signal)
  }

  get body(): RequestBody {
    const { incoming } = this.#exchange
    return { kind: 'bytes', read: () => readBody(this.#exchange), stream: () => incoming }
  }
}

/** A request's path without its query. */
export function pathOf(url: string): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}

/** Collects a body. Throws 413 for one that is too large; what is left of it is not read. */
function readBody({ incoming, headers }: Exchange): Promise<Uint8Array> {
  const tooLarge = (): Error => failure('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT}`)
  if (Number(headers['content-length'] ?? 0) > BODY_LIMIT) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > BODY_LIMIT) {
        incoming.removeAllListeners('data').resume()
        reject(tooLarge())
      } else chunks.push(chunk)
    })
    incoming.once('end', () => resolve(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, length)))
    incoming.once('error', reject)
    incoming.once('close', () => reject(failure('BadRequest', 'the client has gone')))
  })
}

const EMPTY = Buffer.alloc(0)
