import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import protobuf from 'protobufjs'
import { formatDuration } from '../../apimachinery/duration/duration.ts'
import type { PodNetwork, ProbeHttpRequest } from '../host/network.ts'

const MAX_REDIRECTS = 10

/** Reaches pods from this machine, each time on a connection of its own. */
export const linuxNetwork: PodNetwork = {
  http: (request) => follow(request, MAX_REDIRECTS),
  tcp: dial,
  grpcHealth,
}

type Answer = Awaited<ReturnType<PodNetwork['http']>>

async function follow(request: ProbeHttpRequest, left: number): Promise<Answer> {
  const { response, body } = await send(request)
  const code = response.statusCode ?? 0
  const { location } = response.headers
  if (![301, 302, 303, 307, 308].includes(code) || location === undefined) return { status: code, body }
  const to = new URL(location, urlOf(request))
  // Another host is not what was to be probed: that it redirects is taken as an answer.
  if (to.hostname.replace(/^\[|\]$/g, '') !== request.host) return { status: code, body, redirectedTo: to.href }
  if (left === 0) throw new Error(`Get ${JSON.stringify(urlOf(request))}: stopped after ${MAX_REDIRECTS} redirects`)
  const scheme = to.protocol === 'https:' ? 'https' : 'http'
  const port = Number(to.port) || (scheme === 'https' ? 443 : 80)
  return follow({ ...request, scheme, port, path: to.pathname + to.search }, left - 1)
}

function urlOf({ scheme, host, port, path }: ProbeHttpRequest): string {
  return `${scheme}://${authority(host, port)}${path}`
}

const authority = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

function send(request: ProbeHttpRequest): Promise<{ response: IncomingMessage; body: string }> {
  const { scheme, host, port, path, timeoutMs, maxBytes } = request
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void =>
      reject(new Error(`Get ${JSON.stringify(urlOf(request))}: ${describe(error, host, port)}`))
    const outgoing = (scheme === 'https' ? httpsRequest : httpRequest)({
      host,
      port,
      path,
      headers: withHost(request).flatMap(({ name, value }) => [name, value]),
      agent: false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(timeoutMs),
    })
    outgoing.on('error', fail)
    outgoing.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (body.length < maxBytes) body = (body + chunk).slice(0, maxBytes)
      })
      response.on('end', () => resolve({ response, body }))
      response.on('error', fail)
    })
    outgoing.end()
  })
}

/** Headers that are given as a list go out as they are: Node adds no Host of its own to them. */
function withHost({ scheme, host, port, headers }: ProbeHttpRequest): ProbeHttpRequest['headers'] {
  if (headers.some(({ name }) => name.toLowerCase() === 'host')) return headers
  const usual = port === (scheme === 'https' ? 443 : 80)
  const value = usual ? authority(host, port).replace(/:\d+$/, '') : authority(host, port)
  return [{ name: 'Host', value }, ...headers]
}

/** An error as Go's net package words it. */
function describe(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const name = error instanceof Error ? error.name : ''
  if (code === 'ABORT_ERR' || name === 'TimeoutError' || name === 'AbortError')
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'http: server gave HTTP response to HTTPS client'
  const text = ERRNO[code]
  if (text === undefined) return error instanceof Error ? error.message : String(error)
  if (code === 'ECONNRESET') return `read tcp ${authority(host, port)}: read: ${text}`
  return `dial tcp ${authority(host, port)}: connect: ${text}`
}

const ERRNO: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
}

function dial(host: string, port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host, port, signal: AbortSignal.timeout(timeoutMs) })
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', (error) => {
      const late = error.name === 'TimeoutError' || error.name === 'AbortError'
      reject(new Error(late ? `dial tcp ${authority(host, port)}: i/o timeout` : describe(error, host, port)))
    })
  })
}

/** grpc.health.v1, as grpc.io publishes it. */
const HEALTH = protobuf.Root.fromJSON({
  nested: {
    Request: { fields: { service: { type: 'string', id: 1 } } },
    Response: { fields: { status: { type: 'Status', id: 1 } } },
    Status: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } },
  },
})

function grpcHealth(host: string, port: number, service: string, timeoutMs: number): Promise<string> {
  const [request, response] = [HEALTH.lookupType('Request'), HEALTH.lookupType('Response')]
  const client = new Client(authority(host, port), credentials.createInsecure(), { 'grpc.enable_retries': 0 })
  return new Promise<string>((resolve, reject) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (message: object) => request.encode(message).finish() as Buffer,
      (bytes: Buffer) =>
        response.toObject(response.decode(bytes), { enums: String, defaults: true }) as { status: string },
      { service },
      new Metadata(),
      { deadline: new Date(performance.timeOrigin + performance.now() + timeoutMs) },
      (error, value) =>
        error ? reject(grpcFailure(error, authority(host, port), timeoutMs)) : resolve(value?.status ?? 'UNKNOWN'),
    )
  }).finally(() => client.close())
}

function grpcFailure(error: ServiceError, address: string, timeoutMs: number): Error {
  const within = formatDuration(timeoutMs)
  if (error.code === status.UNIMPLEMENTED)
    return new Error(
      `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`,
    )
  if (error.code === status.DEADLINE_EXCEEDED || error.code === status.UNAVAILABLE)
    return new Error(
      `timeout: failed to connect service ${JSON.stringify(address)} within ${within}: context deadline exceeded`,
    )
  return new Error(`error: health rpc probe failed: ${error.details}`)
}
