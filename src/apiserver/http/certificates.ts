import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** The verified client certificates of connections, read once each. */
export class Certificates {
  readonly #known = new WeakMap<Socket, Uint8Array>()

  /** The DER of a connection's client certificate, the same array each time; undefined when there is none that a CA signed. */
  of(socket: Socket): Uint8Array | undefined {
    if (!(socket as TLSSocket).authorized) return undefined
    const known = this.#known.get(socket)
    if (known) return known
    const raw = (socket as TLSSocket).getPeerX509Certificate?.()?.raw
    if (raw) this.#known.set(socket, raw)
    return raw
  }
}
