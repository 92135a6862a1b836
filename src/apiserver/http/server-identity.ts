import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from 'node:tls'

/** What is wrong with a certificate that names its host in its Common Name alone: nobody has believed those since RFC 6125. */
export const LEGACY_COMMON_NAME =
  'tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead'

/**
 * Who may have signed a server's certificate; absent: whom the runtime trusts. As Go takes it, each that is named is believed by
 * itself, also an authority that another one signed, or the server's own certificate: envtest gives webhooks' no other.
 */
export const signedBy = (
  ca: string | readonly string[] | undefined,
): Pick<ConnectionOptions, 'ca' | 'allowPartialTrustChain'> =>
  ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca], allowPartialTrustChain: true }

/** Checks whose certificate it is, as kube-apiserver does: by its subjectAltName, and by nothing else. */
export function checkNames(host: string, certificate: PeerCertificate): Error | undefined {
  const wrong = checkServerIdentity(host, certificate)
  if (wrong) return wrong
  return certificate.subjectaltname ? undefined : new Error(LEGACY_COMMON_NAME)
}
