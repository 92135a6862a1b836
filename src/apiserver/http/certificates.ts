import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { REFUSED_CERTIFICATE } from '../authn/types.ts'

/** Most connections show none, and that is remembered, too. */
const NONE = Symbol('no certificate')

/** The client certificates of connections, read once each. */
export class Certificates {
  readonly #known = new WeakMap<Socket, Uint8Array | typeof NONE>()

  /**
   * The DER of a connection's client certificate, the same array each time; REFUSED_CERTIFICATE for one that no CA signed, is not for clients or
   * not of this time; undefined when there is none.
   */
  of(socket: Socket): Uint8Array | undefined {
    let known = this.#known.get(socket)
    if (!known) this.#known.set(socket, (known = certificateOf(socket as TLSSocket) ?? NONE))
    return known === NONE ? undefined : known
  }
}

function certificateOf(socket: TLSSocket): Uint8Array | undefined {
  const raw = socket.getPeerX509Certificate?.()?.raw
  return raw && !socket.authorized ? REFUSED_CERTIFICATE : raw
}
