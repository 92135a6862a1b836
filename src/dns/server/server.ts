import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import { decode, encode, streamEncode, type DecodedPacket, type Packet } from 'dns-packet'
import type { Env } from '../../lib/env.ts'
import { failure, respond, type Responder } from './respond.ts'

const MIN_UDP_BYTES = 512
/** What fits most paths without fragments (DNS flag day 2020). */
const MAX_UDP_BYTES = 1232
const MAX_TCP_CONNECTIONS = 128
const TCP_IDLE_MS = 10_000
const TRUNCATED = 0x0200

export interface DnsServerOptions {
  readonly responder: Responder
  readonly env: Env
  readonly address: string
  /** 0 for any free one; the same for UDP and TCP. */
  readonly port: number
  /** Whether a client at this address is answered: the cluster's own and the host, nobody else. */
  readonly serves: (clientAddress: string) => boolean
}

export interface DnsServer {
  readonly port: number
  close(): Promise<void>
}

/** Listens on UDP and TCP. Rejects when the port is taken. */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const tcp = net.createServer((socket) => serveTcp(socket, options))
  tcp.maxConnections = MAX_TCP_CONNECTIONS
  tcp.listen(options.port, options.address)
  await once(tcp, 'listening')
  const bound = tcp.address()
  const port = typeof bound === 'object' && bound ? bound.port : options.port
  const udp = dgram.createSocket({ type: net.isIPv6(options.address) ? 'udp6' : 'udp4', recvBufferSize: 1024 * 1024 })
  udp.on('message', (bytes, client) => void serveUdp(udp, bytes, client, options))
  try {
    udp.bind(port, options.address)
    await once(udp, 'listening')
  } catch (error) {
    tcp.close()
    throw error
  }
  udp.on('error', (err) => options.env.log.warn('DNS socket failed', { err }))
  return {
    port,
    async close() {
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ])
    },
  }
}

async function serveUdp(
  udp: dgram.Socket,
  bytes: Buffer,
  client: dgram.RemoteInfo,
  options: DnsServerOptions,
): Promise<void> {
  if (!options.serves(client.address)) return
  const query = parse(bytes)
  if (!query) return
  const answer = await answerTo(query, options)
  udp.send(fitted(answer, udpLimit(query)), client.port, client.address, (error) => {
    if (error) options.env.log.debug('DNS answer was not sent', { err: error })
  })
}

function serveTcp(socket: net.Socket, options: DnsServerOptions): void {
  if (!options.serves(socket.remoteAddress ?? '')) return void socket.destroy()
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const length = 2 + received.readUInt16BE(0)
      const query = parse(received.subarray(2, length))
      received = received.subarray(length)
      if (!query) return void socket.destroy()
      void answerTo(query, options).then((answer) => socket.writable && socket.write(streamEncode(answer)))
    }
  })
}

async function answerTo(query: DecodedPacket, options: DnsServerOptions): Promise<Packet> {
  try {
    return await respond(query, options.responder)
  } catch (err) {
    options.env.log.error('DNS question failed', { err, questions: query.questions })
    return failure(query, 'SERVFAIL')
  }
}

/** Undefined for what is no DNS message; it gets no answer, so that nobody is answered who did not ask. */
function parse(bytes: Buffer): DecodedPacket | undefined {
  try {
    const packet = decode(bytes)
    return packet.type === 'query' ? packet : undefined
  } catch {
    return undefined
  }
}

function udpLimit(query: DecodedPacket): number {
  const opt = query.additionals?.find((record) => record.type === 'OPT') as { udpPayloadSize?: number } | undefined
  return Math.min(MAX_UDP_BYTES, Math.max(MIN_UDP_BYTES, opt?.udpPayloadSize ?? MIN_UDP_BYTES))
}

/** Leaves out the additional records, then everything, until the message fits; the client asks again over TCP. */
function fitted(packet: Packet, limit: number): Buffer {
  const whole = encode(packet)
  if (whole.length <= limit) return whole
  const lean = encode({ ...packet, additionals: [] })
  if (lean.length <= limit) return lean
  return encode({ ...packet, flags: (packet.flags ?? 0) | TRUNCATED, answers: [], authorities: [], additionals: [] })
}
