import type { X509Certificate } from 'node:crypto'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type SecureContextOptions, TLSSocket } from 'node:tls'
import { readCertificate } from '../../apimachinery/x509/certificate.ts'
import { copyBothWays } from '../../lib/host/copy-both-ways.ts'
import type { Logger } from '../../lib/log.ts'
import { isStreamPath, NodeApiError, type NodeApi } from '../server/api.ts'
import type { NodeAccess, NodeUser } from '../server/access.ts'
import { isPlain, readNodePath } from '../server/node-path.ts'
import { textOf } from '../start-error.ts'

export interface NodeServerOptions {
  readonly api: NodeApi
  readonly access: NodeAccess
  readonly log: Logger
  /** 0 takes any free port. */
  readonly port: number
  /** The address to bind; all when absent. */
  readonly host?: string
  /** PEM. `clientCa`: who signs the certificates of those who may ask. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string }
}

export interface NodeServer {
  readonly port: number
  /** Shows another certificate from now on; connections that stand go on. */
  renew(tls: NodeServerOptions['tls']): void
  /** Stops listening and cuts every connection. */
  close(): Promise<void>
}

/** Serves the node agent's API over TLS to those whom the API server allows. Rejects when the port cannot be bound. */
export async function serveNode(options: NodeServerOptions): Promise<NodeServer> {
  const { port, host, tls, log } = options
  const server = createServer({
    ...contextOf(tls),
    requestCert: true,
    rejectUnauthorized: false,
  })
  const sockets = new Set<Duplex>()
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', (request, response) => {
    answer(options, request, response).catch((err: unknown) => {
      log.debug('request failed', { path: request.url, err })
      response.destroy()
    })
  })
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    upgrade(options, request, socket, head).catch((err: unknown) => {
      log.debug('session failed', { path: request.url, err })
      refuse(socket, 500, textOf(err))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host !== undefined && { host }) }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    renew: (renewed) => server.setSecureContext(contextOf(renewed)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function contextOf({ cert, key, clientCa }: NodeServerOptions['tls']): SecureContextOptions {
  return { cert, key, ca: clientCa }
}

/** Who asks, and why they may not; undefined when they may. */
async function refusalOf(
  { access }: NodeServerOptions,
  request: IncomingMessage,
): Promise<{ status: number; body: string } | undefined> {
  const user = await userOf(access, request)
  if (!user) return { status: 401, body: 'Unauthorized' }
  const body = await access.refusal(user, request.method ?? 'GET', request.url ?? '/')
  return body === undefined ? undefined : { status: 403, body }
}

/** By client certificate (its CN is the user, each O a group), else by bearer token. */
async function userOf(access: NodeAccess, { socket, headers }: IncomingMessage): Promise<NodeUser | undefined> {
  if (socket instanceof TLSSocket && socket.authorized) {
    const certificate = socket.getPeerX509Certificate()
    if (certificate) return certificateUser(certificate)
  }
  const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]
  return token === undefined ? undefined : access.userOf(token)
}

function certificateUser({ raw }: X509Certificate): NodeUser {
  const { commonName, organizations } = readCertificate(raw).subject
  return { name: commonName, groups: [...organizations, 'system:authenticated'] }
}

async function answer(options: NodeServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '/'
  const plain = readNodePath(path)
  if (!isPlain(plain)) {
    // Before anybody is asked who they are: such a path says nothing yet.
    const { status, location } = plain
    return void response.writeHead(status, { ...(location !== undefined && { location }) }).end()
  }
  const refusal = await refusalOf(options, request)
  if (refusal) return void response.writeHead(refusal.status, { 'content-type': 'text/plain' }).end(refusal.body)
  if (isStreamPath(plain))
    return void response.writeHead(400, { 'content-type': 'text/plain' }).end('Upgrade request required')
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const { status, contentType, location, body } = await options.api.request({
    method: request.method ?? 'GET',
    path,
    signal: gone.signal,
  })
  response.writeHead(status, { 'content-type': contentType, ...(location !== undefined && { location }) })
  if (typeof body === 'string') return void response.end(body)
  response.flushHeaders()
  for await (const piece of body) {
    if (!response.write(piece))
      await new Promise<void>((resolve) => {
        response.once('drain', resolve)
        response.once('close', resolve)
      })
  }
  response.end()
}

/** Hands the upgrade request to the runtime's streaming server and copies bytes both ways. */
async function upgrade(
  options: NodeServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const refusal = await refusalOf(options, request)
  if (refusal) return refuse(socket, refusal.status, refusal.body)
  let target: string
  try {
    target = await options.api.stream(request.url ?? '/')
  } catch (error) {
    return refuse(socket, error instanceof NodeApiError ? error.status : 500, textOf(error))
  }
  const { authorization: _, host: __, ...headers } = request.headersDistinct
  const outgoing = httpRequest(target, {
    method: request.method,
    headers: headers as Record<string, string[]>,
    agent: false,
  })
  outgoing.on('upgrade', (response, far, farHead) => {
    socket.write(rawHead(response))
    if (farHead.length > 0) socket.write(farHead)
    if (head.length > 0) far.write(head)
    void copyBothWays(socket, far)
  })
  outgoing.on('response', (response) => {
    let body = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => (body += chunk))
    response.on('end', () => refuse(socket, response.statusCode ?? 502, body))
  })
  outgoing.on('error', (error) => refuse(socket, 502, error.message))
  outgoing.end()
}

function rawHead({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

function refuse(socket: Duplex, status: number, body: string): void {
  if (socket.destroyed) return
  socket.end(
    `HTTP/1.1 ${status} Error\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
