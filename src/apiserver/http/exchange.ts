import type { IncomingMessage, ServerResponse } from 'node:http'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import type { RequestHeaders } from '../authn/types.ts'
import { ChunkedOutlet, type ChunkFrames, type Outlet, StreamOutlet } from './outlet.ts'

export type OutgoingHeaders = Record<string, string | readonly string[]>

/** One request and its answer, over HTTP/1.1 or HTTP/2. */
export interface Exchange {
  readonly method: string
  /** Path with query. */
  readonly url: string
  readonly headers: RequestHeaders
  /** See Certificates. */
  readonly certificate: Uint8Array | undefined
  /** The address of the connection's other end. */
  readonly remote: string | undefined
  readonly incoming: Readable
  /** Sends a whole answer. */
  send(status: number, headers: OutgoingHeaders, body: Uint8Array | string): void
  /** Sends the head of an answer whose body then goes to what this returns. */
  begin(status: number, headers: OutgoingHeaders): Outlet
  /** Whether an answer was begun. */
  readonly begun: boolean
  /** Breaks off, so that the client sees that something is missing. */
  destroy(): void
  /** Calls back once when the client has gone or all is sent. */
  onClose(callback: () => void): void
}

/** An exchange over HTTP/1.1. */
export class Http1Exchange implements Exchange {
  readonly method: string
  readonly url: string
  readonly headers: RequestHeaders
  readonly certificate: Uint8Array | undefined
  readonly incoming: IncomingMessage
  readonly #response: ServerResponse
  readonly #frames: ChunkFrames

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    certificate: Uint8Array | undefined,
    frames: ChunkFrames,
  ) {
    this.method = request.method ?? 'GET'
    this.url = request.url ?? '/'
    this.headers = withValuesApart(request.headers, request.rawHeaders)
    this.certificate = certificate
    this.incoming = request
    this.#response = response
    this.#frames = frames
  }

  send(status: number, headers: OutgoingHeaders, body: Uint8Array | string): void {
    headers['content-length'] = String(typeof body === 'string' ? Buffer.byteLength(body) : body.length)
    this.#response.writeHead(status, headers as Record<string, string>)
    this.#response.end(body)
  }

  begin(status: number, headers: OutgoingHeaders): Outlet {
    const response = this.#response
    response.writeHead(status, headers as Record<string, string>)
    response.flushHeaders()
    const { socket } = response
    const isChunked = response.chunkedEncoding && this.method !== 'HEAD'
    return socket && isChunked ? new ChunkedOutlet(response, socket, this.#frames) : new StreamOutlet(response)
  }

  get remote(): string | undefined {
    return this.incoming.socket.remoteAddress
  }

  get begun(): boolean {
    return this.#response.headersSent
  }

  destroy(): void {
    this.#response.destroy()
  }

  onClose(callback: () => void): void {
    if (this.#response.destroyed) callback()
    else this.#response.once('close', callback)
  }
}

/** An exchange over one stream of HTTP/2, whose errors are its server's business. */
export function http2Exchange(
  stream: ServerHttp2Stream,
  { headers, rawHeaders }: { readonly headers: IncomingHttpHeaders; readonly rawHeaders: readonly string[] },
  certificate: Uint8Array | undefined,
): Exchange {
  const begin = (status: number, outgoing: OutgoingHeaders): void => {
    if (!stream.destroyed && !stream.headersSent) stream.respond({ ...outgoing, ':status': status })
  }
  return {
    method: headers[':method'] ?? 'GET',
    url: headers[':path'] ?? '/',
    headers: withValuesApart(headers, rawHeaders),
    certificate,
    get remote() {
      return stream.session?.socket?.remoteAddress
    },
    incoming: stream,
    send(status, outgoing, body) {
      begin(status, outgoing)
      stream.end(body)
    },
    begin(status, outgoing) {
      begin(status, outgoing)
      return new StreamOutlet(stream)
    },
    get begun() {
      return stream.headersSent
    },
    destroy: () => void stream.destroy(),
    onClose: (callback) => void (stream.closed ? callback() : stream.once('close', callback)),
  }
}

/**
 * Headers whose values are told apart where they came several times. Node joins them with commas, and then a group called `a, system:masters`
 * could not be told from two.
 */
export function withValuesApart(headers: RequestHeaders, raw: readonly string[]): RequestHeaders {
  let names = 0
  for (const _ in headers) names++
  if (raw.length === 2 * names) return headers
  const values = new Map<string, string[]>()
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const before = values.get(name)
    if (before) before.push(raw[i + 1] ?? '')
    else values.set(name, [raw[i + 1] ?? ''])
  }
  const apart: Record<string, RequestHeaders[string]> = { ...headers }
  for (const [name, list] of values) if (list.length > 1) apart[name] = list
  return apart
}
