import { admissionForbidden } from '../forbidden.ts'
import { isCertificateRequest, maySign, signerOf } from '../signers.ts'
import type { AdmissionSources } from '../sources.ts'
import type { AdmissionPlugin } from '../types.ts'

/** A request for a certificate is approved only by who may `approve` for its signer (upstream's CertificateApproval). */
export function certificateApproval({ authorizer }: AdmissionSources): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    handles: (operation) => operation === 'UPDATE',
    async validate(attributes) {
      if (!isCertificateRequest(attributes) || attributes.subresource !== 'approval') return
      if (await maySign(authorizer, attributes, 'approve')) return
      const why = `user not permitted to approve requests with signerName ${signerOf(attributes)}`
      throw admissionForbidden(attributes, why)
    },
  }
}
