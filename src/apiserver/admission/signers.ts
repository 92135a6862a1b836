import type { CertificateSigningRequest } from '../../api/generated/types/certificates/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Authorizer } from '../authz/types.ts'
import { resourceName } from './forbidden.ts'
import type { AdmissionAttributes } from './types.ts'

export const isCertificateRequest = (attributes: AdmissionAttributes): boolean =>
  resourceName(attributes) === 'certificatesigningrequests.certificates.k8s.io'

/** Whether the user may `approve` or `sign` for the request's signer: by its name, or for all of its domain. */
export async function maySign(
  authorizer: Authorizer,
  { user, oldObject }: AdmissionAttributes,
  verb: 'approve' | 'sign',
): Promise<boolean> {
  const { signerName } = (oldObject as Frozen<CertificateSigningRequest>).spec
  for (const name of [signerName, `${signerName.split('/')[0]}/*`]) {
    const { decision } = await authorizer.authorize({
      user,
      verb,
      resourceRequest: true,
      path: '',
      namespace: '',
      apiGroup: 'certificates.k8s.io',
      apiVersion: '*',
      resource: 'signers',
      subresource: '',
      name,
    })
    if (decision === 'Allow') return true
  }
  return false
}

/** The signer of the request as it is stored: an update cannot choose another. */
export function signerOf({ oldObject }: AdmissionAttributes): string {
  return JSON.stringify((oldObject as Frozen<CertificateSigningRequest>).spec.signerName)
}
