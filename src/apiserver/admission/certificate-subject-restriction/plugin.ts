import type { CertificateSigningRequest } from '../../../api/generated/types/certificates/v1.ts'
import { parseRequest } from '../../../apimachinery/x509/request.ts'
import { admissionForbidden } from '../forbidden.ts'
import { isCertificateRequest } from '../signers.ts'
import type { AdmissionPlugin } from '../types.ts'

const SIGNER = 'kubernetes.io/kube-apiserver-client'
const MASTERS = 'system:masters'

/** Nobody gets a certificate that makes them a superuser by asking for one (upstream's CertificateSubjectRestriction). */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: (operation) => operation === 'CREATE',
  validate(attributes) {
    if (!isCertificateRequest(attributes) || attributes.subresource !== '') return
    const { spec } = attributes.object as CertificateSigningRequest
    if (spec.signerName !== SIGNER) return
    let groups: readonly string[]
    try {
      groups = parseRequest(spec.request).subject.organizations
    } catch (error) {
      const why = `failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`
      throw admissionForbidden(attributes, why)
    }
    if (groups.includes(MASTERS))
      throw admissionForbidden(attributes, `use of ${SIGNER} signer with ${MASTERS} group is not allowed`)
  },
}
