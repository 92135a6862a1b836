import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { IncomingHttpHeaders, IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { testCertificate } from '../../src/apiserver/http/test-certificate.ts'
import { nodeAddress } from '../../src/cmd/server/node-address.ts'

export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

/** An address of this machine that others may be sent to. */
export const ADDRESS = nodeAddress()

/** Why tests cannot run that need such an address. */
export const NO_ADDRESS = ADDRESS === '127.0.0.1' ? 'this machine has no address but loopback' : false

/** A server behind the API server that answers as a test likes, and remembers what reached it. */
export class Backend implements AsyncDisposable {
  readonly asked: Asked[] = []
  readonly port: number
  /** What is answered; 200 with "answered" unless told. */
  answer: RequestListener = (_request, response) => void response.end('answered')
  /** What is answered to whom wants to leave HTTP; 403 unless told. */
  upgrade: (socket: Duplex, request: IncomingMessage) => void = (socket) => void socket.write(REFUSAL)
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    const note = ({ method = '', url = '', headers }: IncomingMessage): void =>
      void this.asked.push({ method, url, headers })
    server.on('request', (request, response) => {
      note(request)
      this.answer(request, response)
    })
    server.on('upgrade', (request, socket: Duplex) => {
      note(request)
      socket.on('error', () => socket.destroy())
      // What comes after the head on the same connection is what an attacker wants to get through.
      socket.on(
        'data',
        (data: Buffer) => void this.asked.push({ method: 'SMUGGLED', url: data.toString(), headers: {} }),
      )
      this.upgrade(socket, request)
    })
  }

  static async start(host = ADDRESS): Promise<Backend> {
    const server = createServer(testCertificate)
    server.listen(0, host)
    await once(server, 'listening')
    return new Backend(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** What reached it since it was asked last. */
  seen(): Asked[] {
    return this.asked.splice(0)
  }
}

/** A refusal that leaves the connection open for more. */
const REFUSAL = 'HTTP/1.1 403 Forbidden\r\nConnection: keep-alive\r\nContent-Length: 6\r\n\r\nno way'
