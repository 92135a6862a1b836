import type { CertificateSigningRequest } from '../../generated/types/certificates/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about CertificateSigningRequest. */
export const certificateSigningRequests = defineResource<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  shortNames: ['csr'],
  scope: 'Cluster',
  storagePrefix: '/registry/certificatesigningrequests',
  schema: 'io.k8s.api.certificates.v1.CertificateSigningRequest',
  status: true,
  subresources: [{ name: 'approval', verbs: ['get', 'patch', 'update'] }],
})
