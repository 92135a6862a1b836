import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import tls, { type TLSSocket } from 'node:tls'
import type { Clock, Timer } from '../../lib/clock.ts'
import { TransportError } from '../transport.ts'
import { chunksOf } from './chunks.ts'
import type { HttpConfig, RawRequest, RawResponse, Sender } from './config.ts'
import { flatten } from './http1.ts'
import { tlsOptions } from './tls.ts'

/** client-go's health check: a connection that has been silent this long is pinged, and given up when no answer comes. */
const PING_AFTER_MS = 30_000
const PING_TIMEOUT_MS = 15_000
/** Streams per connection, unless the server allows fewer; the next one opens another connection. */
const MAX_STREAMS = 100
/** How much a server may send ahead, so that a long list isn't slowed down by acknowledgements. */
const WINDOW_BYTES = 4 * 1024 * 1024

/** The server does not speak HTTP/2. */
export class NoHttp2Error extends Error {}

/** Requests as streams of a few HTTP/2 connections. `send` rejects with NoHttp2Error when the server chooses HTTP/1.1. */
export function http2Sender(config: HttpConfig, clock: Clock): Sender {
  return new Http2Sender(config, clock)
}

class Http2Sender implements Sender {
  readonly #config: HttpConfig
  readonly #clock: Clock
  readonly #connections = new Set<Connection>()
  #opening: Promise<Connection> | undefined

  constructor(config: HttpConfig, clock: Clock) {
    this.#config = config
    this.#clock = clock
  }

  async send(request: RawRequest): Promise<RawResponse> {
    const connection = this.#free() ?? (await this.#open())
    return connection.send(request)
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  #free(): Connection | undefined {
    for (const connection of this.#connections) if (connection.hasRoom) return connection
    return undefined
  }

  /** Many requests at a time share one attempt to connect. */
  async #open(): Promise<Connection> {
    this.#opening ??= this.#connect().finally(() => (this.#opening = undefined))
    const connection = await this.#opening
    return connection.hasRoom ? connection : (this.#free() ?? this.#open())
  }

  async #connect(): Promise<Connection> {
    const url = new URL(this.#config.server)
    const socket = await connectTls(this.#config, url)
    const session = http2.connect(url.origin, {
      createConnection: () => socket,
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
    })
    const connection = new Connection(session, this.#clock)
    this.#connections.add(connection)
    session.on('close', () => this.#connections.delete(connection))
    session.on('goaway', () => this.#connections.delete(connection))
    return connection
  }
}

function connectTls(config: HttpConfig, url: URL): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = Number(url.port || 443)
    const isName = !/^[\d.]+$|:/.test(host)
    const options = { host, port, ...(isName && { servername: host }), ...tlsOptions(config) }
    const socket = tls.connect({ ...options, ALPNProtocols: ['h2', 'http/1.1'] })
    const onError = (cause: Error): void => reject(new TransportError(cause.message, { cause }))
    socket.once('error', onError)
    socket.once('secureConnect', () => {
      socket.off('error', onError)
      if (socket.alpnProtocol === 'h2') return resolve(socket)
      socket.destroy()
      reject(new NoHttp2Error('the server does not speak HTTP/2'))
    })
  })
}

/** One HTTP/2 connection. */
class Connection {
  readonly #session: ClientHttp2Session
  readonly #clock: Clock
  #streams = 0
  #heardMs: number
  #timer: Timer | undefined
  #failure: Error | undefined

  constructor(session: ClientHttp2Session, clock: Clock) {
    this.#session = session
    this.#clock = clock
    this.#heardMs = clock.monotonic()
    session.once('connect', () => session.setLocalWindowSize(WINDOW_BYTES))
    session.on('error', (error) => (this.#failure = error))
    session.on('close', () => this.#timer?.cancel())
  }

  get hasRoom(): boolean {
    const limit = Math.min(MAX_STREAMS, this.#session.remoteSettings?.maxConcurrentStreams ?? MAX_STREAMS)
    return !this.#session.closed && !this.#session.destroyed && this.#streams < limit
  }

  destroy(): void {
    this.#session.destroy()
  }

  send({ method, path, headers, body, signal }: RawRequest): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const stream = this.#session.request({ ':method': method, ':path': path, ...headers }, { endStream: !body })
      this.#track(stream)
      const onAbort = (): void => stream.close(http2.constants.NGHTTP2_CANCEL)
      signal?.addEventListener('abort', onAbort, { once: true })
      let answered = false
      stream.once('response', ({ ':status': status = 0, ...rest }) => {
        answered = true
        resolve({ status, headers: flatten(rest as Record<string, string>), body: this.#body(stream, signal) })
      })
      stream.once('error', () => undefined)
      stream.once('close', () => {
        signal?.removeEventListener('abort', onAbort)
        if (!answered) reject(signal?.aborted ? (signal.reason as Error) : this.#broken(stream))
      })
      if (body) stream.end(body)
    })
  }

  #body(stream: ClientHttp2Stream, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
    stream.on('data', () => (this.#heardMs = this.#clock.monotonic()))
    return endedBy(
      signal,
      chunksOf(stream, () => this.#broken(stream)),
    )
  }

  #broken(stream: ClientHttp2Stream, cause: unknown = this.#failure): TransportError {
    const why = cause instanceof Error ? cause.message : `stream closed with code ${stream.rstCode ?? 0}`
    return new TransportError(`connection to the server broke: ${why}`, { cause })
  }

  #track(stream: ClientHttp2Stream): void {
    this.#streams++
    if (!this.#timer) this.#watchHealth()
    stream.once('close', () => {
      this.#streams--
      this.#heardMs = this.#clock.monotonic()
    })
  }

  /** Pings while streams are open and nothing is heard; rests while none is. */
  #watchHealth(): void {
    const dueMs = this.#heardMs + PING_AFTER_MS - this.#clock.monotonic()
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timer = undefined
        if (this.#session.destroyed || this.#streams === 0) return
        if (this.#clock.monotonic() - this.#heardMs < PING_AFTER_MS) return this.#watchHealth()
        this.#ping()
      },
      Math.max(dueMs, 1000),
    )
  }

  #ping(): void {
    this.#timer = this.#clock.setTimer(() => this.#session.destroy(new Error('no answer to a ping')), PING_TIMEOUT_MS)
    this.#session.ping((error) => {
      this.#timer?.cancel()
      this.#timer = undefined
      if (error) return
      this.#heardMs = this.#clock.monotonic()
      this.#watchHealth()
    })
  }
}

/** What breaks off because the signal has aborted just ends. */
async function* endedBy(
  signal: AbortSignal | undefined,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (error) {
    if (!signal?.aborted) throw error
  }
}
