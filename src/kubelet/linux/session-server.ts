import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { SpdySession, type SpdyStream } from '../../lib/host/spdy/session.ts'
import type { SimulatedSessions } from '../simulated/runtime.ts'

type Answer = Parameters<SimulatedSessions['exec']>[0]
type Request = Parameters<SimulatedSessions['exec']>[1]

/** The newest SPDY subprotocol of remote commands. */
const PROTOCOL = 'v4.channel.k8s.io'

/**
 * A streaming server for simulated containers, on loopback, started when the first session is asked for: exec over SPDY, answered
 * from the container's script.
 */
export class SessionServer implements SimulatedSessions {
  readonly #waiting = new Map<string, { readonly answer: Answer; readonly request: Request }>()
  #server: Promise<Server> | undefined

  async exec(answer: Answer, request: Request): Promise<string> {
    this.#server ??= this.#listen()
    const { port } = (await this.#server).address() as AddressInfo
    const token = randomBytes(12).toString('hex')
    this.#waiting.set(token, { answer, request })
    return `http://127.0.0.1:${port}/exec/${token}`
  }

  async close(): Promise<void> {
    const server = await this.#server
    server?.close()
    server?.closeAllConnections()
  }

  #listen(): Promise<Server> {
    const server = createServer((_, response) => void response.writeHead(400).end('Upgrade request required'))
    server.on('upgrade', (request, socket: Duplex, head: Buffer) => this.#upgrade(request, socket, head))
    server.unref()
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
  }

  #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const token = message.url?.split('/').at(-1) ?? ''
    const session = this.#waiting.get(token)
    this.#waiting.delete(token)
    if (!session || message.headers.upgrade?.toUpperCase() !== 'SPDY/3.1') {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      return
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\nX-Stream-Protocol-Version: ${PROTOCOL}\r\n\r\n`,
    )
    serve(session.answer, session.request, socket, head)
  }
}

/** Answers when every stream that was asked for is open. */
function serve(answer: Answer, { cmd = [], stdin, stdout, stderr, tty }: Request, socket: Duplex, head: Buffer): void {
  const wanted = ['error', stdin && 'stdin', stdout && 'stdout', stderr && 'stderr', tty && 'resize'].filter(Boolean)
  const streams = new Map<string, SpdyStream>()
  new SpdySession(
    socket,
    {
      role: 'server',
      onStream(stream) {
        stream.on('error', () => stream.destroy())
        streams.set(String(stream.headers.streamtype), stream)
        if (!wanted.every((type) => streams.has(String(type)))) return
        const { stdout: out, stderr: err, exitCode } = answer(cmd)
        streams.get('stdin')?.resume()
        streams.get('stdout')?.end(Buffer.from(out))
        streams.get('stderr')?.end(Buffer.from(err))
        streams.get('error')?.end(JSON.stringify(statusOf(exitCode)))
      },
    },
    head,
  )
}

/** How a command ended, as remote command v4 tells it. */
function statusOf(exitCode: number): object {
  if (exitCode === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}
