import { CONTEXT_CONSTRUCTED, type DerElement, derElements, inside, octetsOf, oidOf, stringOf } from './der.ts'
import { readName, type SubjectName } from './name.ts'
import { pemBlock } from './pem.ts'

/** What a certification request asks for. */
export interface CertificateRequest {
  readonly der: Uint8Array
  readonly subject: SubjectName
  /** All alternative names as they stand: elements of a GeneralNames. */
  readonly names: readonly DerElement[]
  readonly dnsNames: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly uris: readonly string[]
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const ALTERNATIVE_NAMES = '2.5.29.17'
const [EMAIL, DNS, URI, IP] = [0x81, 0x82, 0x86, 0x87]

/** Reads the `spec.request` of a CertificateSigningRequest: PEM in base64. Throws an Error in upstream's words; the signature is not checked. */
export function parseRequest(request: string): CertificateRequest {
  const der = pemBlock(request, 'CERTIFICATE REQUEST')
  if (!der) throw new Error('PEM block type must be CERTIFICATE REQUEST')
  return readRequest(der)
}

/** Reads a request in DER. Throws likewise. */
export function readRequest(der: Uint8Array): CertificateRequest {
  const document = derElements(der)
  if (document.length > 1) throw new Error('asn1: syntax error: trailing data')
  const [info, algorithm, signature] = inside(document[0])
  if (!algorithm || !signature) throw new Error('asn1: structure error: sequence truncated')
  const [, subject, publicKey, attributes] = inside(info)
  inside(publicKey)
  const names = attributes?.tag === CONTEXT_CONSTRUCTED ? inside(attributes).flatMap(alternativeNames) : []
  const texts = (tag: number): string[] => names.filter((name) => name.tag === tag).map(stringOf)
  return {
    der,
    subject: readName(subject),
    names,
    dnsNames: texts(DNS),
    emailAddresses: texts(EMAIL),
    uris: texts(URI),
    ipAddresses: names.filter(({ tag }) => tag === IP).map(({ content }) => addressOf(content)),
  }
}

/** The general names that an attribute of a request asks for. */
function alternativeNames(attribute: DerElement): DerElement[] {
  const [type, values] = inside(attribute)
  if (oidOf(type) !== EXTENSION_REQUEST) return []
  return inside(inside(values)[0]).flatMap((extension) => {
    const [id, ...rest] = inside(extension)
    return oidOf(id) === ALTERNATIVE_NAMES ? inside(derElements(octetsOf(rest.at(-1)))[0]) : []
  })
}

function addressOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw new Error(`x509: cannot parse IP address of length ${bytes.length}`)
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
  return groups.map((group) => group.toString(16)).join(':')
}
