import type { CertificateSigningRequest } from '../../../api/generated/types/certificates/v1.ts'
import { decodeBase64 } from '../../../lib/base64.ts'
import { admissionForbidden } from '../forbidden.ts'
import { isCertificateRequest } from '../signers.ts'
import type { AdmissionPlugin } from '../types.ts'
import { organizations } from './organizations.ts'

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
      groups = organizations(derOf(spec.request))
    } catch (error) {
      const why = `failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`
      throw admissionForbidden(attributes, why)
    }
    if (groups.includes(MASTERS))
      throw admissionForbidden(attributes, `use of ${SIGNER} signer with ${MASTERS} group is not allowed`)
  },
}

/** A request is PEM in base64. */
function derOf(request: string): Uint8Array {
  const pem = decodeBase64(request)
  const text = typeof pem === 'number' ? '' : new TextDecoder().decode(pem)
  const body = /-----BEGIN CERTIFICATE REQUEST-----([^-]*)-----END/.exec(text)?.[1]
  const der = decodeBase64((body ?? '').replace(/\s/g, ''))
  if (body === undefined || typeof der === 'number') throw new Error('PEM block type must be CERTIFICATE REQUEST')
  return der
}
