import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { REFUSED_CERTIFICATE } from '../authn/types.ts'

/** The client certificates of connections, read once each. */
export class Certificates {
  readonly #known = new WeakMap<Socket, Uint8Array>()

  /**
   * The DER of a connection's client certificate, the same array each time; REFUSED_CERTIFICATE for one that no CA signed, is not for clients or
   * not of this time; undefined when there is none.
   */
  of(socket: Socket): Uint8Array | undefined {
    const known = this.#known.get(socket)
    if (known) return known
    const raw = (socket as TLSSocket).getPeerX509Certificate?.()?.raw
    if (!raw) return undefined
    const certificate = (socket as TLSSocket).authorized ? raw : REFUSED_CERTIFICATE
    this.#known.set(socket, certificate)
    return certificate
  }
}
