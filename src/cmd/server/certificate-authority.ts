import { X509Certificate } from 'node:crypto'
import type { CertificateAuthority } from '../../controllers/csrsigning/controller.ts'
import type { Random } from '../../lib/random.ts'
import type { KeyPair } from './certificates.ts'

/** The authority that signs now, which may be exchanged. */
export function currentAuthority(random: Random, ca: () => KeyPair): CertificateAuthority {
  return {
    get notAfter() {
      return certificateAuthority(random, ca()).notAfter
    },
    sign: (request, terms) => certificateAuthority(random, ca()).sign(request, terms),
  }
}

/** The cluster's authority, as it signs what is asked for and approved. What signs takes its time to load, and is only when it is needed. */
export function certificateAuthority(random: Random, ca: KeyPair): CertificateAuthority {
  return {
    notAfter: new X509Certificate(ca.cert).validToDate.getTime(),
    async sign(request, terms) {
      const { signRequest } = await import('./sign-request.ts')
      return signRequest({ random, ca, request, ...terms })
    },
  }
}
