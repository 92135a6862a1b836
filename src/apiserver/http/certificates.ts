import type { Socket } from 'node:net'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { type ClientCertificate, REFUSED_CERTIFICATE } from '../authn/types.ts'

/** Most connections show none, and that is remembered, too. */
const NONE = Symbol('no certificate')

/** The client certificates of connections, read once each. */
export class Certificates {
  readonly #known = new WeakMap<Socket, ClientCertificate | typeof NONE>()

  /**
   * The DER of a connection's client certificate, the same array each time; REFUSED_CERTIFICATE for one that no CA signed, is not for clients or
   * not of this time; undefined when there is none.
   */
  of(socket: Socket): ClientCertificate | undefined {
    let known = this.#known.get(socket)
    if (!known) this.#known.set(socket, (known = certificateOf(socket as TLSSocket) ?? NONE))
    return known === NONE ? undefined : known
  }
}

/**
 * Nothing else may be asked of the connection's certificates before: Node loses what came with them (https://github.com/nodejs/node/issues/65579).
 * Node 24.21 has lost it itself, and there only certificates count that an authority has signed itself.
 */
function certificateOf(socket: TLSSocket): ClientCertificate | undefined {
  const [raw, ...above] = chainOf(socket.getPeerCertificate?.(true))
  if (!raw) return undefined
  return socket.authorized ? Object.assign(raw, { sentWith: () => above }) : REFUSED_CERTIFICATE
}

/** A certificate, and what stands above it, as far as it was sent or is trusted. */
function chainOf(certificate: DetailedPeerCertificate | undefined): Uint8Array[] {
  const found: Uint8Array[] = []
  const seen = new Set<DetailedPeerCertificate>()
  // Whoever shows none has an object with nothing in it.
  for (let one: Partial<DetailedPeerCertificate> | undefined = certificate; one?.raw; one = one.issuerCertificate) {
    if (seen.has(one as DetailedPeerCertificate)) break
    seen.add(one as DetailedPeerCertificate)
    found.push(one.raw)
  }
  return found
}
