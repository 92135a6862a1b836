import type { CertificateSigningRequest } from '../../api/generated/types/certificates/v1.ts'
import { pemBlock } from '../../apimachinery/x509/pem.ts'
import { readRequest } from '../../apimachinery/x509/request.ts'
import { signatureProblem } from '../../apimachinery/x509/verify.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { type FieldError, invalid } from '../../apimachinery/status.ts'
import type { ResourceHooks } from './served.ts'

/** Nobody asks for a certificate of a key that they do not hold: the request has to be signed with it. */
export const certificateRequestHooks: ResourceHooks = {
  async forbids(draft, old): Promise<readonly FieldError[]> {
    // The request never changes.
    if (old) return []
    // Before validation nothing is sure to be there.
    const request = (draft as Partial<Frozen<CertificateSigningRequest>>).spec?.request as string | undefined
    const der = request === undefined ? undefined : pemBlock(request, 'CERTIFICATE REQUEST')
    const problem = der && isRequest(der) ? await signatureProblem(der) : undefined
    return problem === undefined ? [] : [invalid('spec.request', request, problem)]
  },
}

/** What is none is refused by validation. */
function isRequest(der: Uint8Array): boolean {
  try {
    readRequest(der)
    return true
  } catch {
    return false
  }
}
