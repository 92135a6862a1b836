import { X509Certificate } from 'node:crypto'
import type { Authenticator } from '../../apiserver/authn/types.ts'

/** Who a client certificate stands for: its CN is the user, each O a group (upstream's CommonNameUserConversion). */
export const certificateAuthenticator: Authenticator = {
  authenticate({ clientCertificate }) {
    if (!clientCertificate) return undefined
    const lines = new X509Certificate(clientCertificate).subject.split('\n')
    const values = (field: string): string[] =>
      lines.filter((line) => line.startsWith(`${field}=`)).map((line) => line.slice(field.length + 1))
    const [name] = values('CN')
    if (name === undefined) return undefined
    return { user: { name, groups: [...values('O'), 'system:authenticated'] } }
  },
}
