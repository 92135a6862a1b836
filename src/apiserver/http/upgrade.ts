import { withoutSocketToken } from '../authn/tokens.ts'
import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../lib/clock.ts'
import { badRequest, internalError, StatusError } from '../../apimachinery/status.ts'
import { bareError } from '../registry/revision.ts'
import type { ConnectTarget } from '../registry/connect/connector.ts'
import { upgradeFailure } from './go-errors.ts'
import type { Answer, StreamAnswer, UpgradeAnswer, WatchAnswer } from '../registry/answer.ts'
import type { Call } from '../request/call.ts'
import type { ApiServer } from '../server.ts'
import { passThrough } from '../streaming/pass-through.ts'
import { PORT_FORWARD_TUNNEL, servePortForwardTunnel } from '../streaming/port-forward.ts'
import { REMOTE_COMMAND_V5, serveRemoteCommand, streamsFromQuery } from '../streaming/remote-command.ts'
import { type UpgradeTarget, UpgradeRefusedError } from '../streaming/upgrade-target.ts'
import { acceptWebSocket, isWebSocketRequest, offeredProtocols } from '../streaming/websocket.ts'
import { arrivalOf, beginAudit, refusedAtTheDoor, tellFailure, tellUpgrade, untold } from './audited.ts'
import { authenticate } from './answer.ts'
import type { Reader } from './slow-readers.ts'
import { endSocket } from './end-socket.ts'
import { Http1Exchange } from './exchange.ts'
import { ChunkFrames } from './outlet.ts'
import { httpCall, pathOf } from './http-call.ts'
import type { Limits } from './limits.ts'
import { type ConnectTls, lookupFor, tlsFor } from './kubelet-connector.ts'

/** A client that leaves HTTP behind, with its socket and what it sent already. */
export interface UpgradeClient {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** Takes the token out of a WebSocket's subprotocols once it is known whose it is: it is nobody's else to see. */
export function hideSocketToken({ headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): void {
  const name = 'sec-websocket-protocol'
  const given = headers[name]
  if (given !== undefined) headers[name] = withoutSocketToken(given)
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) rawHeaders[i + 1] = withoutSocketToken(rawHeaders[i + 1] ?? '')
  }
}

/** Answers a request to upgrade: exec and its like, proxied WebSockets, watches and logs over WebSocket. Never rejects. */
export async function answerUpgrade(
  server: ApiServer,
  client: UpgradeClient,
  certificate: Uint8Array | undefined,
  { tls, limits }: { readonly tls: ConnectTls; readonly limits: Limits },
): Promise<void> {
  const { socket } = client
  const { clock } = server.env
  socket.on('error', () => socket.destroy())
  const exchange = new UpgradeExchange(client, certificate)
  const arrival = arrivalOf(server, exchange)
  let call: Call | undefined
  try {
    const user = await authenticate(server, exchange, arrival)
    hideSocketToken(client.request)
    call = httpCall(limits, exchange, user, { upgrade: true, auditID: arrival.auditID })
    if (server.audit && !(await beginAudit(server.audit, call, exchange, arrival))) {
      const { status, body } = untold(exchange)
      return refuse(clock, socket, status, body, 'text/plain; charset=utf-8')
    }
    const answer = await server.answer(call)
    if (call.audit) tellUpgrade(call.audit, exchange, socket)
    await join(server, client, answer, { tls, limits })
  } catch (error) {
    if (error instanceof UpgradeRefusedError) return refuse(clock, socket, error.statusCode, error.body, 'text/plain')
    const known = error instanceof Error && error.cause instanceof StatusError ? error.cause : error
    const failure = known instanceof StatusError ? known : internalError(error)
    if (failure !== known && !socket.destroyed)
      server.env.log.error('request failed', { err: error, path: pathOf(exchange.url) })
    await (call ? tellFailure(call, failure) : refusedAtTheDoor(server, exchange, arrival, failure))
    if (socket.destroyed) return
    refuse(clock, socket, failure.code, JSON.stringify(failure.status), 'application/json')
  } finally {
    // A watch's turn ends when it has begun, which is the server's business.
    if (call?.info.verb !== 'watch') call?.flow?.end()
  }
}

function join(
  server: ApiServer,
  client: UpgradeClient,
  answer: Answer,
  { tls, limits }: { readonly tls: ConnectTls; readonly limits: Limits },
): Promise<void> | void {
  switch (answer.type) {
    case 'upgrade':
      return joinTarget(server, client, answer, tls)
    case 'stream':
      return sendMessages(client, answer)
    case 'watch':
      return sendEvents(client, answer, limits)
    case 'raw':
      return refuse(
        server.env.clock,
        client.socket,
        answer.status,
        answer.body,
        answer.headers['content-type'] ?? 'text/plain',
      )
    default:
      throw badRequest('Upgrade request is not supported here')
  }
}

async function joinTarget(
  server: ApiServer,
  { request, socket, head }: UpgradeClient,
  answer: UpgradeAnswer,
  tls: ConnectTls,
): Promise<void> {
  const { target, kind } = answer
  const url = new URL(await server.nodes.sessionUrl(target))
  const to: UpgradeTarget = {
    url,
    ...(url.protocol === 'https:' && { tls: tlsFor(target, tls) }),
    ...lookupFor(target, url),
    ...(answer.headers && { headers: answer.headers }),
  }
  if (kind === 'proxy')
    return passThrough(request, socket, head, to).catch((error: unknown) => failedProxy(error, target))
  const offered = isWebSocketRequest(request) ? offeredProtocols(request) : []
  if (kind === 'remote-command' && offered.includes(REMOTE_COMMAND_V5)) {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams
    return serveRemoteCommand(request, socket, head, streamsFromQuery(query), to)
  }
  if (kind === 'port-forward' && offered.includes(PORT_FORWARD_TUNNEL)) {
    return servePortForwardTunnel(request, socket, head, to)
  }
  return passThrough(request, socket, head, to)
}

/** Why an upgrade that is passed on failed, where the client has not been answered yet: a Status, or the bare text of an aggregated server's. */
function failedProxy(error: unknown, target: ConnectTarget): never {
  if (!(error instanceof Error) || error.cause instanceof StatusError) throw error
  const failure = error instanceof StatusError ? error : bareError(upgradeFailure(error, target))
  if (target.aggregated) throw new UpgradeRefusedError(503, `${failure.message}\n`)
  throw failure
}

const BASE64 = 'base64.binary.k8s.io'

/** A log or proxied answer as messages, binary or in base64 as the client chose. */
async function sendMessages({ request, socket, head }: UpgradeClient, { body }: StreamAnswer): Promise<void> {
  const offered = offeredProtocols(request)
  const protocol = offered.find((name) => name === 'binary.k8s.io' || name === BASE64) ?? ''
  const client = await acceptWebSocket(request, socket, head, protocol)
  for await (const chunk of body) {
    if (client.readyState !== client.OPEN) break
    const bytes = Buffer.from(chunk)
    const message = protocol === BASE64 ? bytes.toString('base64') : bytes
    await new Promise<void>((resolve) => client.send(message, { binary: protocol !== BASE64 }, () => resolve()))
  }
  client.close(1000)
}

async function sendEvents(
  { request, socket, head }: UpgradeClient,
  answer: WatchAnswer,
  { deadlines, readers }: Limits,
): Promise<void> {
  const client = await acceptWebSocket(request, socket, head, '')
  const reader: Reader = {
    get unread() {
      return client.bufferedAmount
    },
    cut: () => client.terminate(),
  }
  let given = Promise.resolve()
  const stop = answer.start({
    onEvent(frame) {
      if (!readers.sending(reader)) return
      const text = Buffer.from(frame.line()).toString().trimEnd()
      given = new Promise((resolve) => client.send(text, () => resolve()))
    },
    taken: () => given.finally(deadlines.add(reader.cut)),
    onEnd: () => client.close(1000),
  })
  client.on('close', () => {
    readers.gone(reader)
    stop()
  })
}

/** The request as an exchange. What is answered goes past it, and it ends with the connection. */
class UpgradeExchange extends Http1Exchange {
  readonly #socket: Duplex

  constructor({ request, socket }: UpgradeClient, certificate: Uint8Array | undefined) {
    super(request, new ServerResponse(request), certificate, new ChunkFrames())
    this.#socket = socket
  }

  override onClose(callback: () => void): void {
    this.#socket.once('close', callback)
  }
}

function refuse(clock: Clock, socket: Duplex, status: number, body: string | Uint8Array, contentType: string): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  endSocket(clock, socket, body)
}
