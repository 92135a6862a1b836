/** The span that a certificate is good for, in ms since the Unix epoch. */
export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

const MINUTE_MS = 60_000
/** Clocks of others may be a little behind. */
const BACKDATE_MS = 5 * MINUTE_MS
/** A certificate that lasts less is not shortened by what it is backdated. */
const SHORT_MS = 8 * 60 * MINUTE_MS
const SHORTEST_MS = 10 * MINUTE_MS

export interface ValidityOptions {
  readonly now: number
  /** What `spec.expirationSeconds` asks for. */
  readonly expirationSeconds?: number | undefined
  /** The longest that is given, and what is given when nothing is asked for. */
  readonly longestMs: number
  /** When the signer's own certificate ends. */
  readonly signerEnds: number
}

/** Decides the span (upstream's PermissiveSigningPolicy). Throws when the signer has no time left. */
export function validityFor({ now, expirationSeconds, longestMs, signerEnds }: ValidityOptions): Validity {
  if (now >= signerEnds) {
    const end = new Date(signerEnds).toISOString()
    throw new Error(`refusing to sign a certificate that expired in the past: NotAfter=${end}`)
  }
  const asked = expirationSeconds === undefined ? longestMs : expirationSeconds * 1000
  const lasts = asked > longestMs ? longestMs : expirationSeconds === undefined ? asked : Math.max(asked, SHORTEST_MS)
  const end = now + lasts - (lasts < SHORT_MS ? 0 : BACKDATE_MS)
  return { notBefore: now - BACKDATE_MS, notAfter: Math.min(end, signerEnds) }
}
