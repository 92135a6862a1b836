import dgram from 'node:dgram'
import net from 'node:net'
import { decode, encode, streamEncode, type DecodedPacket, type Packet } from 'dns-packet'
import type { Env } from '../../lib/env.ts'
import type { Question } from '../message.ts'

/** A name server that questions are forwarded to. */
export interface Upstream {
  readonly address: string
  readonly port: number
}

const TIMEOUT_MS = 2000
/** Questions that wait for an answer from upstream, at the most; more are refused. */
const MAX_WAITING = 1000
const MAX_TCP_BYTES = 65_537

/** No upstream answered, or too many questions wait already. Answer: SERVFAIL. */
export class ForwardError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ForwardError'
  }
}

export interface ForwardOptions {
  readonly upstreams: readonly Upstream[]
  readonly env: Env
}

/** Asks the upstream name servers one after another; a truncated answer is asked for again over TCP. */
export class Forwarder {
  readonly #options: ForwardOptions
  #waiting = 0

  constructor(options: ForwardOptions) {
    this.#options = options
  }

  /** The first upstream's answer, whatever its code. Rejects with ForwardError. */
  async ask(question: Question): Promise<DecodedPacket> {
    const { upstreams } = this.#options
    if (upstreams.length === 0) throw new ForwardError('no upstream name server is configured')
    if (this.#waiting >= MAX_WAITING) throw new ForwardError('too many questions are waiting for upstream name servers')
    this.#waiting++
    try {
      return await this.#askEach(question, upstreams)
    } finally {
      this.#waiting--
    }
  }

  async #askEach(question: Question, upstreams: readonly Upstream[]): Promise<DecodedPacket> {
    let last: unknown
    for (const upstream of upstreams) {
      try {
        const answer = await this.#askOne(question, upstream)
        return answer.flag_tc ? await this.#askOverTcp(question, upstream) : answer
      } catch (error) {
        last = error
      }
    }
    throw new ForwardError(`no upstream name server answered for ${question.name}`, { cause: last })
  }

  #askOne(question: Question, { address, port }: Upstream): Promise<DecodedPacket> {
    const { clock, random } = this.#options.env
    const id = Math.floor(random.next() * 65_536)
    return new Promise((resolve, reject) => {
      // A fresh socket has a random source port, which makes answers hard to forge.
      const socket = dgram.createSocket(net.isIPv6(address) ? 'udp6' : 'udp4')
      const timer = clock.setTimer(
        () => finish(() => reject(new ForwardError(`${address} did not answer in ${TIMEOUT_MS} ms`))),
        TIMEOUT_MS,
      )
      const finish = (settle: () => void): void => {
        timer.cancel()
        socket.close()
        settle()
      }
      socket.on('message', (bytes) => {
        const answer = decodeAnswer(bytes, id, question)
        if (answer) finish(() => resolve(answer))
      })
      socket.once('error', (error) => finish(() => reject(error)))
      socket.connect(port, address, () => socket.send(encode(queryFor(id, question))))
    })
  }

  #askOverTcp(question: Question, { address, port }: Upstream): Promise<DecodedPacket> {
    const { clock, random } = this.#options.env
    const id = Math.floor(random.next() * 65_536)
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, address)
      const timer = clock.setTimer(
        () => socket.destroy(new ForwardError(`${address} did not answer over TCP in ${TIMEOUT_MS} ms`)),
        TIMEOUT_MS,
      )
      let received = Buffer.alloc(0)
      socket.on('connect', () => socket.write(streamEncode(queryFor(id, question))))
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk])
        if (received.length > MAX_TCP_BYTES) return socket.destroy(new ForwardError('answer is too large'))
        if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
        socket.end()
        const answer = decode(received.subarray(2))
        if (answer.id === id) resolve(answer)
        else reject(new ForwardError(`${address} answered another question`))
      })
      socket.once('error', reject)
      socket.once('close', () => {
        timer.cancel()
        reject(new ForwardError(`${address} closed the connection`))
      })
    })
  }
}

function queryFor(id: number, { name, type }: Question): Packet {
  return {
    type: 'query',
    id,
    flags: 0x0100, // recursion desired
    questions: [{ name, type: type as 'A' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] } as never],
  }
}

/** Undefined for anything that is no answer to this very question. */
function decodeAnswer(bytes: Buffer, id: number, question: Question): DecodedPacket | undefined {
  try {
    const packet = decode(bytes)
    const asked = packet.questions?.[0]
    return packet.id === id && asked?.name.toLowerCase() === question.name && asked.type === question.type
      ? packet
      : undefined
  } catch {
    return undefined // not a DNS message; the timeout decides
  }
}

/** The name servers of a resolv.conf. */
export function upstreamsOf(resolvConf: string): Upstream[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = '']) => ({ address, port: 53 }))
}
