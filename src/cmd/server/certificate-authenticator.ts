import { X509Certificate } from 'node:crypto'
import { readCertificate } from '../../apimachinery/x509/certificate.ts'
import { requestHeaders } from '../../apiserver/authn/request-header.ts'
import {
  REFUSED_CERTIFICATE,
  type Authentication,
  type Authenticator,
  type ClientCertificate,
} from '../../apiserver/authn/types.ts'
import type { Clock } from '../../lib/clock.ts'
import type { FrontProxyConfig } from './api-config/certificate-flags.ts'
import { chainOf, signerOf, timesOf } from './certificate-chain.ts'
import { certificatesOf } from './pem.ts'

/** A client certificate that was looked at. */
interface Known {
  /** Undefined for one that names nobody; an error for one that does not say it right. */
  readonly holder: Authentication | Error | undefined
  readonly fromMs: number
  readonly toMs: number
}

/**
 * Who a client certificate stands for: its CN is the user, each O a group, the attribute of Kubernetes' own the uid (upstream's CommonNameUserConversion). With several authorities
 * on one port only those count that one of `ca` signed, or that was signed through others that the client sent; it is PEM. A certificate that the handshake refused, that another authority signed, or
 * whose time is over meanwhile, is a bad credential: connections last longer than certificates may.
 */
export function certificateAuthenticator(ca?: string, clock?: Pick<Clock, 'now'>): Authenticator {
  const known = new WeakMap<Uint8Array, Known | 'of others'>()
  const authorities = ca === undefined ? undefined : certificatesOf(ca).map(signerOf)
  const read = (der: ClientCertificate): Known | 'of others' => {
    const certificate = new X509Certificate(der)
    const chain = authorities ? chainOf(certificate, authorities, der.sentWith) : timesOf(certificate)
    return chain ? { holder: holderOf(certificate), ...chain } : 'of others'
  }
  return {
    authenticate({ clientCertificate }) {
      if (!clientCertificate) return undefined
      if (clientCertificate === REFUSED_CERTIFICATE) throw new Error('x509: certificate is not valid')
      let found = known.get(clientCertificate)
      if (!found) known.set(clientCertificate, (found = read(clientCertificate)))
      if (found === 'of others') throw new Error('x509: certificate signed by unknown authority')
      const now = clock?.now()
      if (now !== undefined && (now < found.fromMs || now > found.toMs))
        throw new Error('x509: certificate has expired or is not yet valid')
      if (found.holder instanceof Error) throw found.holder
      return found.holder
    },
  }
}

/** Believes what the cluster's own front proxy says of its clients; one of `ca`, in PEM, has signed its certificate. */
export function frontProxyAuthenticator(ca: string): Authenticator {
  return frontProxies({ ca, allowedNames: [FRONT_PROXY_NAME] })
}

/** Believes what front proxies say of their clients. */
export function frontProxies({ ca, ...options }: FrontProxyOptions): Authenticator {
  const authorities = certificatesOf(ca).map(signerOf)
  const known = new WeakMap<Uint8Array, { readonly name: string | undefined }>()
  const read = (der: ClientCertificate): { readonly name: string | undefined } => {
    if (der === REFUSED_CERTIFICATE) return { name: undefined }
    const certificate = new X509Certificate(der)
    const chain = chainOf(certificate, authorities, der.sentWith)
    return { name: chain ? readCertificate(der).subject.commonName : undefined }
  }
  return requestHeaders({
    ...options,
    proxyName(der) {
      let found = known.get(der)
      if (!found) known.set(der, (found = read(der)))
      return found.name
    },
  })
}

type FrontProxyOptions = Pick<FrontProxyConfig, 'ca' | 'allowedNames'> & Partial<FrontProxyConfig>

/** The one front proxy of the cluster's own making. */
const FRONT_PROXY_NAME = 'front-proxy-client'

/** The attribute of a subject that is a uid. */
const UID = '1.3.6.1.4.1.57683.2'

function holderOf({ raw, fingerprint256 }: X509Certificate): Authentication | Error | undefined {
  const { commonName: name, organizations, attributes } = readCertificate(raw).subject
  if (!name) return undefined
  const uids = attributes.flatMap(([type, value]) => (type === UID ? [value] : []))
  if (uids.length > 1) return new Error(`expected 1 UID, but found multiple: [${uids.join(' ')}]`)
  const [uid] = uids
  if (uid === '') return new Error('UID cannot be an empty string')
  const id = `X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`
  const extra = { 'authentication.kubernetes.io/credential-id': [id] }
  return { user: { name, ...(uid !== undefined && { uid }), groups: [...organizations], extra } }
}
