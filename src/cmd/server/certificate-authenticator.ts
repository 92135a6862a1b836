import { X509Certificate } from 'node:crypto'
import { readCertificate } from '../../apimachinery/x509/certificate.ts'
import { requestHeaders } from '../../apiserver/authn/request-header.ts'
import type { Authentication, Authenticator } from '../../apiserver/authn/types.ts'

/**
 * Who a client certificate stands for: its CN is the user, each O a group (upstream's CommonNameUserConversion). With several authorities
 * on one port only those that `ca` signed count; it is PEM.
 */
export function certificateAuthenticator(ca?: string): Authenticator {
  const known = new WeakMap<Uint8Array, Authentication | 'nobody'>()
  const authority = ca === undefined ? undefined : new X509Certificate(ca)
  const read = (der: Uint8Array): Authentication | undefined => {
    const certificate = new X509Certificate(der)
    return authority && !isSignedBy(certificate, authority) ? undefined : holderOf(certificate)
  }
  return {
    authenticate({ clientCertificate }) {
      if (!clientCertificate) return undefined
      let found = known.get(clientCertificate)
      if (!found) known.set(clientCertificate, (found = read(clientCertificate) ?? 'nobody'))
      return found === 'nobody' ? undefined : found
    },
  }
}

/** Believes what front proxies that `ca`, in PEM, signed say of their clients. */
export function frontProxyAuthenticator(ca: string): Authenticator {
  const authority = new X509Certificate(ca)
  const known = new WeakMap<Uint8Array, { readonly name: string | undefined }>()
  const read = (der: Uint8Array): { readonly name: string | undefined } => {
    const certificate = new X509Certificate(der)
    return { name: isSignedBy(certificate, authority) ? readCertificate(der).subject.commonName : undefined }
  }
  return requestHeaders({
    allowedNames: [FRONT_PROXY_NAME],
    proxyName(der) {
      let found = known.get(der)
      if (!found) known.set(der, (found = read(der)))
      return found.name
    },
  })
}

/** The one front proxy of the cluster's own making. */
const FRONT_PROXY_NAME = 'front-proxy-client'

function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

function holderOf({ raw, fingerprint256 }: X509Certificate): Authentication | undefined {
  const { commonName: name, organizations } = readCertificate(raw).subject
  if (!name) return undefined
  const id = `X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`
  const extra = { 'authentication.kubernetes.io/credential-id': [id] }
  return { user: { name, groups: [...organizations], extra } }
}
