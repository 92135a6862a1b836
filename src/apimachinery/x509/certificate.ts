import { CONTEXT_CONSTRUCTED, derElements, inside, timeOf } from './der.ts'
import { readName, type SubjectName } from './name.ts'
import { pemBlock } from './pem.ts'

/** What a certificate says of its holder. */
export interface CertificateFacts {
  readonly subject: SubjectName
  /** From when and until when it is good, in ms since the Unix epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

/** Reads a certificate in DER (RFC 5280 section 4.1). Throws an Error for what is none; the signature is not checked. */
export function readCertificate(der: Uint8Array): CertificateFacts {
  const fields = inside(inside(derElements(der)[0])[0])
  // The version is optional; then come serial number, algorithm, issuer, validity, subject.
  const [, , , validity, subject] = fields[0]?.tag === CONTEXT_CONSTRUCTED ? fields.slice(1) : fields
  const [notBefore, notAfter] = inside(validity)
  return { subject: readName(subject), notBefore: timeOf(notBefore), notAfter: timeOf(notAfter) }
}

/** Until when the first certificate of a `status.certificate` is good, PEM in base64; undefined when that can't be read. */
export function endOfCertificate(certificate: string): number | undefined {
  const der = pemBlock(certificate, 'CERTIFICATE')
  try {
    return der && readCertificate(der).notAfter
  } catch {
    // What can't be read has no end.
    return undefined
  }
}
