import type { Duplex } from 'node:stream'

/** How long a client may take to read the last that it is told. */
const LINGER_MS = 5000

/** Sends the last bytes, and closes the connection even if the client does not. */
export function endSocket(socket: Duplex, last: string | Uint8Array): void {
  socket.end(last)
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}
