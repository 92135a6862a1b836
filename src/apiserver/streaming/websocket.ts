import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'

/** Messages larger than this close the connection (kubectl sends 32 KiB at most). */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024
/** While this much waits to be sent to a client, its source is not read. */
export const MAX_UNSENT_BYTES = 1024 * 1024

/** The subprotocols a WebSocket request offers, in order. */
export function offeredProtocols(request: IncomingMessage): string[] {
  const header = request.headers['sec-websocket-protocol'] ?? ''
  return header
    .split(',')
    .map((p) => p.trim())
    .filter((p) => p !== '')
}

/** Whether the request asks for a WebSocket. */
export function isWebSocketRequest(request: IncomingMessage): boolean {
  return (
    /(?:^|[\s,])upgrade(?:$|[\s,])/i.test(request.headers.connection ?? '') &&
    request.headers.upgrade?.toLowerCase() === 'websocket'
  )
}

/**
 * Completes the WebSocket handshake, with `protocol` as the agreed subprotocol ('' for none). Kubernetes has names that are no
 * RFC 6455 tokens (`SPDY/3.1+portforward.k8s.io`), so the library is not shown what was offered.
 */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
): Promise<WebSocket> {
  const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: MAX_MESSAGE_BYTES })
  delete request.headers['sec-websocket-protocol']
  if (protocol) server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`))
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error('the client has gone'))
    socket.once('error', reject)
    // The library closes the connection of a client whose handshake is wrong.
    socket.once('close', onClose)
    server.handleUpgrade(request, socket, head, (client) => {
      socket.off('error', reject)
      socket.off('close', onClose)
      // A client that breaks the protocol is closed, which is all there is to know of it.
      client.on('error', () => client.terminate())
      resolve(client)
    })
  })
}

/** Sends a binary message; `source` is paused while too much waits to be sent. */
export function sendWithBackpressure(
  client: WebSocket,
  data: Buffer,
  source: { pause(): unknown; resume(): unknown },
): void {
  if (client.readyState !== client.OPEN) return
  const full = client.bufferedAmount > MAX_UNSENT_BYTES
  if (full) source.pause()
  client.send(data, { binary: true }, () => {
    if (full) source.resume()
  })
}

/**
 * Closes a connection when all that was sent has gone out, however slowly the client reads: from the closing message on, the library gives
 * it only so long. Resolves then, or when the client has gone.
 */
export async function closeWhenSent(client: WebSocket, code: number, reason: string): Promise<void> {
  if (client.readyState === client.OPEN && client.bufferedAmount > 0)
    await new Promise<void>((resolve) => {
      client.once('close', resolve)
      client.ping('', false, () => resolve())
    })
  client.close(code, reason)
}

/** What a message holds, whole. */
export function messageBytes(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data)
  return Buffer.isBuffer(data) ? data : Buffer.from(data)
}
