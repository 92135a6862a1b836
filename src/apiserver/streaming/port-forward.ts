import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { upgrade, type UpgradeTarget } from './upgrade-target.ts'
import { acceptWebSocket, closeWhenSent, messageBytes, sendWithBackpressure } from './websocket.ts'

/** KEP-4006: port-forward's SPDY connection carried inside WebSocket messages (kubectl 1.31 and later). */
export const PORT_FORWARD_TUNNEL = 'SPDY/3.1+portforward.k8s.io'
const PORT_FORWARD_PROTOCOL = 'portforward.k8s.io'

/**
 * Serves a tunnelled port-forward: the bytes inside the client's WebSocket messages are the SPDY connection to the target.
 * Rejects with UpgradeRefusedError when the target refuses, before anything was sent to the client.
 */
export async function servePortForwardTunnel(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  target: UpgradeTarget,
): Promise<void> {
  const upstream = await upgrade(target, {
    connection: 'Upgrade',
    upgrade: 'SPDY/3.1',
    'x-stream-protocol-version': PORT_FORWARD_PROTOCOL,
  })
  const { socket: far } = upstream
  far.on('error', () => far.destroy())
  const client = await acceptWebSocket(request, socket, head, PORT_FORWARD_TUNNEL).catch((error: unknown) => {
    far.destroy()
    throw error
  })
  if (upstream.head.length > 0) sendWithBackpressure(client, upstream.head, far)
  far.on('data', (data: Buffer) => sendWithBackpressure(client, data, far))
  client.on('message', (data) => {
    if (!far.write(messageBytes(data))) {
      client.pause()
      far.once('drain', () => client.resume())
    }
  })
  await new Promise<void>((resolve) => {
    const end = (): void => resolve()
    client.once('close', end)
    far.once('end', end)
    if (far.closed) end()
    else far.once('close', end)
  })
  far.destroy()
  await closeWhenSent(client, 1000, '')
}
