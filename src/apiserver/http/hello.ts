import type { Socket } from 'node:net'
import type { Deadlines } from './deadlines.ts'
import type { Piece, Slices } from '../flow-control/slices.ts'

/** A client's first flight is smaller; more of it is not taken before its turn comes. */
export const HELLO_BYTES = 4096

/**
 * Has the handshake of a new connection wait for its turn once the client's greeting is there. They stay where they are until `begin`,
 * so that the handshake's costly part is done in its turn and not in some later one.
 */
export function awaitHello(
  socket: Socket,
  options: { readonly slices: Slices; readonly firstBytes: Deadlines; readonly begin: () => void },
): void {
  const { slices, firstBytes, begin } = options
  const cut = (): void => void socket.destroy()
  const inTime = firstBytes.add(cut)
  // Noted now: when it has gone it is not known any more.
  const remote = socket.remoteAddress
  const gone = (): void => {
    inTime()
    slices.remove(piece)
  }
  const piece: Piece = {
    remote,
    begin() {
      inTime()
      socket.off('close', gone)
      begin()
    },
    refuse: cut,
  }
  socket.on('error', cut)
  socket.once('close', gone)
  const read = (): void => {
    const bytes = socket.read() as Buffer | null
    if (!bytes) return cut()
    hello = hello.length === 0 ? bytes : Buffer.concat([hello, bytes])
    if (!isWhole(hello)) return
    socket.off('readable', read)
    socket.unshift(hello)
    slices.add(piece)
  }
  let hello: Buffer = NOTHING
  socket.on('readable', read)
}

const NOTHING = Buffer.alloc(0)
const RECORD_HEAD_BYTES = 5
const HANDSHAKE_RECORD = 22

/** Whether the first record of TLS is there (RFC 8446, 5.1), or what is no TLS or too long for a greeting, which the handshake will say. */
function isWhole(hello: Buffer): boolean {
  if (hello[0] !== HANDSHAKE_RECORD || hello.length >= HELLO_BYTES) return true
  return hello.length >= RECORD_HEAD_BYTES && hello.length >= RECORD_HEAD_BYTES + hello.readUInt16BE(3)
}
