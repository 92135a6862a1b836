import type { ServerHttp2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import type { UnderWay } from './under-way.ts'

/** How a server ends that lets the requests under way be answered. */
export interface DrainOptions {
  /** The longest that is waited for them. */
  readonly graceMs: number
  /** Whether connections are accepted meanwhile, to be told that they come too late. */
  readonly listens: boolean
}

export interface Drained {
  readonly clock: Clock
  readonly door: Server
  readonly underWay: UnderWay
  readonly sockets: Iterable<TLSSocket>
  readonly sessions: Iterable<ServerHttp2Session>
}

/** Upstream's time for what was answered to be sent. */
const SENDING_MS = 2000

/** Resolves when what was under way has been answered and sent, or has taken too long. Connections stay, for who ends them. */
export async function drain(
  { clock, door, underWay, sockets, sessions }: Drained,
  options: DrainOptions,
): Promise<void> {
  if (!options.listens) door.close()
  for (const session of sessions) if (!session.closed) session.close()
  await atMost(clock, options.graceMs, underWay.drained())
  await atMost(clock, SENDING_MS, Promise.all(Array.from(sockets, sent)))
}

function sent(socket: Socket): Promise<void> {
  if (!socket.writable || socket.writableLength === 0) return Promise.resolve()
  return new Promise((resolve) => {
    // Called back when all before it has been sent.
    socket.write('', () => resolve())
    socket.once('close', resolve)
  })
}

function atMost(clock: Clock, ms: number, done: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(resolve, ms)
    const over = (): void => {
      timer.cancel()
      resolve()
    }
    done.then(over, over)
  })
}
