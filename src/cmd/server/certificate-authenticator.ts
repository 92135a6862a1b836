import { X509Certificate } from 'node:crypto'
import type { Authentication, Authenticator } from '../../apiserver/authn/types.ts'

/** Who a client certificate stands for: its CN is the user, each O a group (upstream's CommonNameUserConversion). */
export function certificateAuthenticator(): Authenticator {
  const known = new WeakMap<Uint8Array, Authentication>()
  return {
    authenticate({ clientCertificate }) {
      if (!clientCertificate) return undefined
      const found = known.get(clientCertificate) ?? holderOf(new X509Certificate(clientCertificate))
      if (found) known.set(clientCertificate, found)
      return found
    },
  }
}

function holderOf({ subject, fingerprint256 }: X509Certificate): Authentication | undefined {
  const lines = subject.split('\n')
  const values = (field: string): string[] =>
    lines.filter((line) => line.startsWith(`${field}=`)).map((line) => line.slice(field.length + 1))
  const [name] = values('CN')
  if (!name) return undefined
  const id = `X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`
  const extra = { 'authentication.kubernetes.io/credential-id': [id] }
  return { user: { name, groups: values('O'), extra } }
}
