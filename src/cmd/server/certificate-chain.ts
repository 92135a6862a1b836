import { X509Certificate } from 'node:crypto'
import { type Constraints, readConstraints } from '../../apimachinery/x509/constraints.ts'

/** A certificate that may have signed others. */
export interface Signer {
  readonly certificate: X509Certificate
  readonly constraints: Constraints
}

/** When a chain is good: as long as all of it, in ms since the Unix epoch. */
export interface Chain {
  readonly fromMs: number
  readonly toMs: number
}

/** Go's limit: chains are not to be looked for without end. */
const MOST_CHECKS = 100
/** Clients send few. */
const MOST_SENT = 10
const CLIENT_USES = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0']

export function signerOf(certificate: X509Certificate): Signer {
  return { certificate, constraints: readConstraints(certificate.raw) }
}

/**
 * The chain from a client's certificate through what it sent to one of `authorities`, each the signature of the next (RFC 5280 section 6.1); undefined
 * when there is none. That the handshake has found some chain does not tell to whom: all authorities of the port count there. Those in between that
 * limit names are not followed.
 */
export function chainOf(
  leaf: X509Certificate,
  authorities: readonly Signer[],
  sent: () => readonly Uint8Array[] = () => [],
): Chain | undefined {
  let checks = 0
  const hasSigned = ({ certificate }: Signer, child: X509Certificate): boolean =>
    child.checkIssued(certificate) && ++checks <= MOST_CHECKS && child.verify(certificate.publicKey)
  const direct = authorities.some((one) => maySign(one, 0) && hasSigned(one, leaf))
  if (direct) return timesOf(leaf)
  const between = sent()
    .slice(0, MOST_SENT)
    .map((der) => signerOf(new X509Certificate(der)))
  return through(leaf, between, 0)

  function through(child: X509Certificate, left: readonly Signer[], below: number): Chain | undefined {
    for (const one of left) {
      if (!mayStandBetween(one, below) || !hasSigned(one, child)) continue
      const { certificate } = one
      const others = left.filter((other) => other !== one)
      const ends = authorities.some(
        (root) => maySign(root, below + 1) && !root.constraints.demandsMore && hasSigned(root, certificate),
      )
      const chain = ends ? timesOf(certificate) : through(certificate, others, below + 1)
      if (chain) return both(chain, timesOf(child))
    }
    return undefined
  }
}

function mayStandBetween(one: Signer, below: number): boolean {
  return one.constraints.isAuthority === true && !one.constraints.demandsMore && maySign(one, below)
}

/** Whether a signer may have `below` authorities between itself and a client. Old roots say nothing of it. */
function maySign({ constraints: { isAuthority, pathLength, usages } }: Signer, below: number): boolean {
  return isAuthority !== false && below <= pathLength && (!usages || usages.some((use) => CLIENT_USES.includes(use)))
}

/** When a certificate is good. */
export function timesOf({ validFromDate, validToDate }: X509Certificate): Chain {
  return { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() }
}

function both(a: Chain, b: Chain): Chain {
  return { fromMs: Math.max(a.fromMs, b.fromMs), toMs: Math.min(a.toMs, b.toMs) }
}
