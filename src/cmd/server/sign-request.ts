import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  ExtendedKeyUsageExtension,
  Name,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { der } from '../../apimachinery/x509/der-write.ts'
import { writeName } from '../../apimachinery/x509/name.ts'
import { type CertificateRequest, readRequest } from '../../apimachinery/x509/request.ts'
import type { Validity } from '../../controllers/csrsigning/validity.ts'
import type { Random } from '../../lib/random.ts'
import { ALGORITHM, importKey, type KeyPair, serialNumber } from './certificates.ts'
import { usagesOf } from './usages.ts'

export interface SigningOptions extends Validity {
  readonly random: Random
  readonly ca: KeyPair
  /** In DER. */
  readonly request: Uint8Array
  readonly usages: readonly string[]
}

/**
 * Signs what a request asks for: its subject, key and alternative names; all else is the signer's word. PEM. Rejects when the
 * request is not signed with the key that it carries.
 */
export async function signRequest({ ca, random, request, ...terms }: SigningOptions): Promise<string> {
  const asked = new Pkcs10CertificateRequest(Uint8Array.from(request))
  if (!(await asked.verify().catch(() => false))) {
    throw new Error('unable to verify certificate request signature: x509: invalid signature')
  }
  const read = readRequest(request)
  const issuer = new X509Certificate(ca.cert)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(random),
    notBefore: wholeSeconds(terms.notBefore),
    notAfter: wholeSeconds(terms.notAfter),
    signingAlgorithm: ALGORITHM,
    subject: new Name(Uint8Array.from(writeName(read.subject))),
    issuer: issuer.subjectName,
    publicKey: asked.publicKey,
    signingKey: await importKey(ca.key),
    extensions: [
      ...usageExtensions(terms.usages),
      new BasicConstraintsExtension(false, undefined, true),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...alternativeNames(read),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

/** Certificates know no finer time. */
const wholeSeconds = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000)

function usageExtensions(usages: readonly string[]): Extension[] {
  const { flags, purposes } = usagesOf(usages)
  return [
    ...(flags === 0 ? [] : [new KeyUsagesExtension(flags, true)]),
    ...(purposes.length === 0 ? [] : [new ExtendedKeyUsageExtension([...purposes])]),
  ]
}

const ALTERNATIVE_NAMES = '2.5.29.17'
const SEQUENCE = 0x30
/** DNS names, email addresses, IP addresses and URIs, in the order that Go writes them. */
const NAME_TAGS = [0x82, 0x81, 0x87, 0x86]

function alternativeNames({ names, subject }: CertificateRequest): Extension[] {
  const written = NAME_TAGS.flatMap((tag) => names.filter((name) => name.tag === tag))
  if (written.length === 0) return []
  const value = der(SEQUENCE, ...written.map(({ tag, content }) => der(tag, content)))
  // Who has no subject is known by these alone, and then nobody may overlook them.
  return [new Extension(ALTERNATIVE_NAMES, subject.attributes.length === 0, Uint8Array.from(value))]
}
