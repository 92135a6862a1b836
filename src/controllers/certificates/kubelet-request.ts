import type { CertificateRequest } from '../../apimachinery/x509/request.ts'

const NODES = 'system:nodes'
const NODE_PREFIX = 'system:node:'
/** Only RSA keys encipher keys: that usage may be left out. */
const OPTIONAL = 'key encipherment'

/** Why the request is not one for the certificate that a node agent shows to the API server; undefined when it is. */
export function notKubeletClient(request: CertificateRequest, usages: readonly string[]): string | undefined {
  if (!isOfNodes(request)) return 'subject organization is not system:nodes'
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed'
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (request.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed'
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed'
  if (!isNode(request)) return 'subject common name does not begin with system:node:'
  return wrongUsages(usages, ['client auth', 'digital signature', OPTIONAL])
}

/** Why the request is not one for the certificate that a node agent serves with; undefined when it is. */
export function notKubeletServing(request: CertificateRequest, usages: readonly string[]): string | undefined {
  if (!isOfNodes(request)) return 'subject organization is not system:nodes'
  if (request.dnsNames.length + request.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required'
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed'
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed'
  const wrong = wrongUsages(usages, ['digital signature', OPTIONAL, 'server auth'])
  if (wrong) return wrong
  return isNode(request) ? undefined : 'subject common name does not begin with system:node:'
}

const isNode = ({ subject }: CertificateRequest): boolean => subject.commonName.startsWith(NODE_PREFIX)

const isOfNodes = ({ subject: { organizations } }: CertificateRequest): boolean =>
  organizations.length === 1 && organizations[0] === NODES

function wrongUsages(usages: readonly string[], wanted: readonly string[]): string | undefined {
  const set = new Set(usages)
  const fits = wanted.every((usage) => set.has(usage) || usage === OPTIONAL)
  const text = `usages did not match [${wanted.join(' ')}]`
  return fits && usages.every((usage) => wanted.includes(usage)) ? undefined : text
}
