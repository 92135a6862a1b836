import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { SpdyStream } from '../../lib/host/spdy/session.ts'
import { openSpdy, type UpgradeTarget } from './upgrade-target.ts'
import { acceptWebSocket, closeWhenSent, messageBytes, sendWithBackpressure } from './websocket.ts'

/**
 * The remote command subprotocol of KEP-4006 (Kubernetes 1.30 and later): each message is a channel byte and data; a message on the
 * close channel half-closes the channel it names. Kubelets and runtimes speak the same streams over SPDY.
 */
export const REMOTE_COMMAND_V5 = 'v5.channel.k8s.io'

const CHANNELS = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const
const CLOSE_CHANNEL = 255

/** The newest SPDY subprotocol; v5 exists over WebSocket only. */
const SPDY_PROTOCOLS = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io']

/** Which streams the client asked for. */
export interface RemoteCommandStreams {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** Reads the streams from exec's or attach's query, with upstream's rule that a TTY has no separate stderr. */
export function streamsFromQuery(query: URLSearchParams): RemoteCommandStreams {
  const on = (name: string): boolean => ['1', 'true', 'True', 'TRUE', 't', 'T'].includes(query.get(name) ?? '')
  const tty = on('tty')
  return { stdin: on('stdin'), stdout: on('stdout'), stderr: on('stderr') && !tty, tty }
}

/**
 * Serves exec or attach to a WebSocket v5 client by translating it to SPDY towards the target. The target is asked first, so that
 * its refusal can still be answered as HTTP: rejects with UpgradeRefusedError before anything was sent to the client.
 */
export async function serveRemoteCommand(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  streams: RemoteCommandStreams,
  target: UpgradeTarget,
): Promise<void> {
  let client: WebSocket | undefined
  const { session, protocol } = await openSpdy(target, SPDY_PROTOCOLS)
  try {
    const open = (streamType: keyof typeof CHANNELS): Promise<SpdyStream> => session.open({ streamtype: streamType })
    // The order in which remote command servers expect them.
    const error = await open('error')
    const stdin = streams.stdin ? await open('stdin') : undefined
    const stdout = streams.stdout ? await open('stdout') : undefined
    const stderr = streams.stderr ? await open('stderr') : undefined
    const resize = streams.tty ? await open('resize') : undefined
    client = await acceptWebSocket(request, socket, head, REMOTE_COMMAND_V5)
    fromClient(client, { [CHANNELS.stdin]: stdin, [CHANNELS.resize]: resize })
    client.on('close', () => session.destroy())
    client.on('error', () => session.destroy())
    // The streams' ends say when all has been handed on; that the connection ended says it not: what came last may still wait to be read.
    const [, , statusBytes] = await Promise.all([
      toClient(stdout, CHANNELS.stdout, client),
      toClient(stderr, CHANNELS.stderr, client),
      toClient(error, CHANNELS.error, client),
    ])
    session.close()
    // A client takes an end without status for success, which only subprotocols before v4 mean by it.
    const isCutOff = statusBytes === 0 && protocol === SPDY_PROTOCOLS[0]
    await closeWhenSent(client, isCutOff ? 1011 : 1000, isCutOff ? 'the connection ended before the command did' : '')
  } catch (failure) {
    session.destroy()
    client?.close(1011)
    throw failure
  }
}

/** Hands a stream's data to the client as messages on `channel`, until it ends; resolves to the number of bytes. */
function toClient(stream: SpdyStream | undefined, channel: number, client: WebSocket): Promise<number> {
  if (!stream) return Promise.resolve(0)
  return new Promise((resolve) => {
    let bytes = 0
    const end = (): void => resolve(bytes)
    stream.on('data', (data: Buffer) => {
      bytes += data.length
      sendWithBackpressure(client, Buffer.concat([Buffer.of(channel), data]), stream)
    })
    stream.once('end', end)
    stream.once('close', end)
    stream.once('error', end)
  })
}

function fromClient(client: WebSocket, inputs: Readonly<Record<number, SpdyStream | undefined>>): void {
  for (const stream of Object.values(inputs)) {
    // What is on its way to a command that has ended is lost with it.
    stream?.on('error', () => stream.destroy())
    stream?.resume()
  }
  client.on('message', (data) => {
    const message = messageBytes(data)
    const channel = message[0]
    if (channel === undefined) return
    if (channel === CLOSE_CHANNEL) return void inputs[message[1] ?? -1]?.end()
    const stream = inputs[channel]
    if (!stream || stream.writableEnded || stream.destroyed) return
    if (!stream.write(message.subarray(1))) {
      client.pause()
      stream.once('drain', () => client.resume())
    }
  })
}
