import { constants } from 'node:crypto'
import { createServer as createHttp1, type Server as Http1Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2, type Http2Server, type ServerHttp2Session } from 'node:http2'
import { createServer as createTcp, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  createSecureContext,
  createServer as createTls,
  DEFAULT_CIPHERS,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import type { ApiServer } from '../server.ts'
import { answerHttp } from './answer.ts'
import { Certificates } from './certificates.ts'
import { awaitHello, HELLO_BYTES } from './hello.ts'
import { type Limits, limitsOf } from './limits.ts'
import { Conduct } from './conduct.ts'
import { Deadlines } from './deadlines.ts'
import { drain, type DrainOptions } from './draining.ts'
import { Http1Exchange, http2Exchange } from './exchange.ts'
import { ChunkFrames } from './outlet.ts'
import { endSocket } from './end-socket.ts'
import { FIRST_HEAD_MS, type IdleConnection, IdleConnections } from './idle.ts'
import { type PageRules, withPageRules } from './pages.ts'
import { type NamedPair, pairFor } from './sni.ts'
import { answerUpgrade } from './upgrade.ts'
import type { ConnectTls } from './kubelet-connector.ts'

/** What a server shows and whom it believes, in PEM. */
export interface ServingTls {
  readonly cert: string
  readonly key: string
  /** CAs of client certificates. */
  readonly clientCa?: string
  /** Shown instead to clients that ask for other names. */
  readonly named?: readonly NamedPair[]
  /** Of TLS; 1.2 unless told. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's list. */
  readonly ciphers?: string
}

/** Where and with which certificates to listen. */
export interface HttpsOptions {
  /** 0 takes any free port. */
  readonly port: number
  /** The address to bind; all when absent. */
  readonly host?: string
  readonly tls: ServingTls
  /** How kubelets and aggregated API servers know this server, and it them, for exec, attach, port-forward and proxied upgrades. */
  readonly connect?: ConnectTls
  /** --request-timeout; a minute unless told. */
  readonly requestTimeoutMs?: number
  /** How much is taken on at a time; what this process can bear unless told. */
  readonly limits?: Limits
  /** --goaway-chance: the part of HTTP/2 requests after which a client has to come back over another connection. */
  readonly goawayChance?: number
  /** What browsers are told. */
  readonly pages?: PageRules
  /** Whether HTTP/2 is offered; it is, unless told. */
  readonly http2?: boolean
  /** Over one connection of HTTP/2. */
  readonly maxStreams?: number
}

/** A listening server. */
export interface HttpsListener {
  readonly port: number
  /** Shows another certificate from now on; connections that stand go on. Throws when certificate and key do not belong together. */
  renew(tls: ServingTls): void
  /** Waits until what is under way is answered; watches and their like are not waited for. To be closed then. */
  drain(options: DrainOptions): Promise<void>
  /** Stops listening and cuts every connection. */
  close(): Promise<void>
}

/** Against clients that open streams without end (CVE-2023-44487): upstream's limit. */
const MAX_STREAMS = 250

/** The largest head of a request: upstream's limit. */
const MAX_HEAD_BYTES = 1024 * 1024
const MAX_HEADERS = 2000
/** How long a silent connection may stay before it is asked whether it is there: upstream's period. */
const KEEP_ALIVE_MS = 180_000

/** Node's own choice, but AES-128 first: as safe here, and a third faster, which is most of what a large list costs. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  ...DEFAULT_CIPHERS.split(':').filter((name) => name !== 'TLS_AES_128_GCM_SHA256'),
].join(':')

/** Serves the API over TLS: HTTP/2 and HTTP/1.1 on one port, as the client prefers. Rejects when the port cannot be bound. */
export async function serveHttps(apiServer: ApiServer, options: HttpsOptions): Promise<HttpsListener> {
  const certificates = new Certificates()
  const limits = options.limits ?? limitsOf(apiServer.env.clock, options.requestTimeoutMs)
  const http1 = http1Server(apiServer, options, certificates, limits)
  const http2 = http2Server(apiServer, options, certificates, limits)
  const sockets = new Set<Socket>()
  const secure = new Set<TLSSocket>()
  const sessions = new Set<ServerHttp2Session>()
  let draining = false
  let closing = false
  let contexts = new Contexts(options.tls)
  const front = createTls({
    ALPNProtocols: options.http2 === false ? ['http/1.1'] : ['h2', 'http/1.1'],
    SNICallback: (name, done) => done(null, contexts.of(name)),
    ...contextOf(options.tls),
    handshakeTimeout: FIRST_HEAD_MS,
    // Certificates are asked for, never demanded: other credentials may come instead.
    requestCert: options.tls.clientCa !== undefined,
    rejectUnauthorized: false,
  })
  const firstBytes = new Deadlines(apiServer.env.clock, FIRST_HEAD_MS)
  const door = createTcp({ keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, highWaterMark: HELLO_BYTES })
  // From the first byte on: one that is still shaking hands when the server closes would keep it open.
  door.on('connection', (socket) => {
    if (closing) return socket.destroy()
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    awaitHello(socket, { slices: apiServer.slices, firstBytes, begin: () => front.emit('connection', socket) })
  })
  front.on('secureConnection', (socket) => {
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    secure.add(socket)
    socket.once('close', () => secure.delete(socket))
    const server = socket.alpnProtocol === 'h2' ? http2 : http1
    server.emit('connection', socket)
  })
  // Connections that requests still come over are not kept.
  http1.prependListener('request', (_request, response) => {
    if (draining) response.shouldKeepAlive = false
  })
  http2.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    if (draining) session.close()
  })
  const failures = apiServer.metrics.counter({
    name: 'apiserver_tls_handshake_errors_total',
    help: 'Connections that never got to a request.',
  })
  front.on('tlsClientError', (_error, socket) => {
    failures.of().inc()
    socket.destroy()
  })
  await listen(door, options)
  return {
    port: (door.address() as AddressInfo).port,
    renew(renewed) {
      front.setSecureContext(contextOf(renewed))
      contexts = new Contexts(renewed)
    },
    drain(how) {
      draining = true
      return drain({ clock: apiServer.env.clock, door, underWay: limits.underWay, sockets: secure, sessions }, how)
    },
    close: () =>
      new Promise((resolve) => {
        closing = true
        door.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function contextOf({
  cert,
  key,
  clientCa,
  minVersion = 'TLSv1.2',
  ciphers = CIPHERS,
}: ServingTls): SecureContextOptions {
  // An authority that is trusted need not be one that signed itself, as upstream.
  // Whoever shakes hands anew on a connection costs the server much and themselves little; upstream refuses it, too.
  const secureOptions = constants.SSL_OP_NO_RENEGOTIATION
  return {
    cert,
    key,
    ciphers,
    minVersion,
    secureOptions,
    ...(clientCa !== undefined && { ca: clientCa, allowPartialTrustChain: true }),
  }
}

/** The contexts of other certificates than the default one: each made once, which costs as much as a handshake, and else no session could be resumed. */
class Contexts {
  readonly #tls: ServingTls
  readonly #made = new Map<NamedPair, SecureContext>()

  constructor(tls: ServingTls) {
    this.#tls = tls
  }

  /** Undefined for the default one. */
  of(name: string): SecureContext | undefined {
    const pair = pairFor(this.#tls.named ?? [], name)
    if (!pair) return undefined
    let context = this.#made.get(pair)
    if (!context) {
      context = createSecureContext(contextOf({ ...this.#tls, cert: pair.cert, key: pair.key }))
      this.#made.set(pair, context)
    }
    return context
  }
}

function http1Server(
  apiServer: ApiServer,
  { connect = {}, pages = {} }: HttpsOptions,
  certificates: Certificates,
  limits: Limits,
): Http1Server {
  // Watches last as long as they like; what bounds them is their own timeout.
  // Node enforces its own time limits only on servers that listen by themselves.
  const server = createHttp1({
    requestTimeout: 0,
    keepAliveTimeout: 0,
    headersTimeout: 0,
    maxHeaderSize: MAX_HEAD_BYTES,
  })
  const idle = new IdleConnections(apiServer.env.clock)
  const idling = new WeakMap<object, IdleConnection>()
  server.on('connection', (socket) => {
    const connection = idle.add(() => socket.destroy())
    idling.set(socket, connection)
    socket.once('close', () => connection.gone())
  })
  const frames = new ChunkFrames()
  server.on('request', (request, response) => {
    const connection = idling.get(request.socket)
    connection?.began()
    response.once('close', () => connection?.ended())
    const exchange = new Http1Exchange(request, response, certificates.of(request.socket), frames)
    const answered = withPageRules(exchange, pages)
    if (answered) void answerHttp(apiServer, answered, limits)
  })
  server.on('upgrade', (request, socket, head) => {
    idling.get(request.socket)?.began()
    void answerUpgrade(apiServer, { request, socket, head }, certificates.of(request.socket), { tls: connect, limits })
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    refuseHead(apiServer.env.clock, error.code, socket),
  )
  return server
}

/** Answers what is no HTTP. In the middle of another answer nothing can be said. */
function refuseHead(clock: Clock, code: string | undefined, socket: Duplex): void {
  const { _httpMessage: answer } = socket as Duplex & { _httpMessage?: ServerResponse | null }
  if (!socket.writable || answer?.headersSent) return void socket.destroy()
  const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  endSocket(
    clock,
    socket,
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`,
  )
}

function http2Server(
  apiServer: ApiServer,
  { pages = {}, maxStreams = MAX_STREAMS, goawayChance = 0 }: HttpsOptions,
  certificates: Certificates,
  limits: Limits,
): Http2Server {
  const settings = { maxConcurrentStreams: maxStreams, maxHeaderListSize: MAX_HEAD_BYTES }
  const server = createHttp2({ settings, maxHeaderListPairs: MAX_HEADERS })
  const idle = new IdleConnections(apiServer.env.clock)
  const known = new WeakMap<object, { readonly connection: IdleConnection; readonly conduct: Conduct }>()
  server.on('session', (session) => {
    const connection = idle.add(() => session.close())
    known.set(session, { connection, conduct: new Conduct(apiServer.env.clock, session) })
    session.once('close', () => connection.gone())
  })
  server.on('stream', (stream, headers, _flags, rawHeaders) => {
    // A stream that the client resets, or whose connection is cut, raises an error that says no more than its close.
    stream.on('error', () => {})
    const session = stream.session && known.get(stream.session)
    if (!session) return stream.destroy()
    const { connection, conduct } = session
    connection.began()
    stream.once('close', () => {
      connection.ended()
      conduct.closed(stream)
    })
    // What is under way on the connection ends as it would.
    if (goawayChance > 0 && apiServer.env.random.next() < goawayChance) stream.session?.close()
    conduct.begin(stream, () => {
      const socket = stream.session?.socket
      const exchange = http2Exchange(stream, { headers, rawHeaders }, socket && certificates.of(socket))
      const answered = withPageRules(exchange, pages)
      if (answered) void answerHttp(apiServer, answered, limits)
    })
  })
  server.on('sessionError', (error) => apiServer.env.log.debug('an HTTP/2 session ended', { err: error }))
  return server
}

function listen(server: TcpServer, { port, host }: HttpsOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
