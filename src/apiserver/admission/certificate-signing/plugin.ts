import type { CertificateSigningRequest } from '../../../api/generated/types/certificates/v1.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { admissionForbidden } from '../forbidden.ts'
import { isCertificateRequest, maySign, signerOf } from '../signers.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionPlugin } from '../types.ts'

/** A certificate is given only by who may `sign` for the request's signer (upstream's CertificateSigning). */
export function certificateSigning({ authorizer }: AdmissionSources): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    handles: (operation) => operation === 'UPDATE',
    async validate(attributes) {
      if (!isCertificateRequest(attributes) || attributes.subresource !== 'status') return
      const { status: now } = attributes.object as CertificateSigningRequest
      const { status: before } = attributes.oldObject as Frozen<CertificateSigningRequest>
      const same = now?.certificate === before?.certificate && semanticEqual(now?.conditions, before?.conditions)
      if (same || (await maySign(authorizer, attributes, 'sign'))) return
      const why = `user not permitted to sign requests with signerName ${signerOf(attributes)}`
      throw admissionForbidden(attributes, why)
    },
  }
}
