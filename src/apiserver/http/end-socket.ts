import type { Duplex } from 'node:stream'
import type { Clock } from '../../lib/clock.ts'

/** How long a client may take to read the last that it is told. */
const LINGER_MS = 5000

/** Sends the last bytes, and closes the connection even if the client does not. */
export function endSocket(clock: Clock, socket: Duplex, last: string | Uint8Array): void {
  socket.end(last)
  const timer = clock.setTimer(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => timer.cancel())
}
