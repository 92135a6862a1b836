import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  type Extension,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  type JsonName,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
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
  const issuer = new X509Certificate(ca.cert)
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(random),
    notBefore: wholeSeconds(terms.notBefore),
    notAfter: wholeSeconds(terms.notAfter),
    signingAlgorithm: ALGORITHM,
    subject: subjectOf(readRequest(request)),
    issuer: issuer.subjectName,
    publicKey: asked.publicKey,
    signingKey: await importKey(ca.key),
    extensions: [
      ...usageExtensions(terms.usages),
      new BasicConstraintsExtension(false, undefined, true),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...alternativeNames(readRequest(request)),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

/** Certificates know no finer time. */
const wholeSeconds = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000)

/** The attributes that are taken over, as Go writes them: in this order, the values of one type together. */
const ATTRIBUTES = [
  '2.5.4.6', // country
  '2.5.4.10', // organization
  '2.5.4.11', // organizational unit
  '2.5.4.7', // locality
  '2.5.4.8', // province
  '2.5.4.9', // street address
  '2.5.4.17', // postal code
]
/** Of these the last value counts: common name and serial number. */
const SINGLE = ['2.5.4.3', '2.5.4.5']

function subjectOf({ subject: { attributes } }: CertificateRequest): JsonName {
  const values = (type: string): string[] => attributes.flatMap(([one, value]) => (one === type ? [value] : []))
  const many = ATTRIBUTES.map((type) => ({ [type]: values(type) }))
  const single = SINGLE.map((type) => ({ [type]: values(type).slice(-1) }))
  return [...many, ...single].filter((part) => Object.values(part).some((list) => list.length > 0))
}

function usageExtensions(usages: readonly string[]): Extension[] {
  const { flags, purposes } = usagesOf(usages)
  return [
    ...(flags === 0 ? [] : [new KeyUsagesExtension(flags, true)]),
    ...(purposes.length === 0 ? [] : [new ExtendedKeyUsageExtension([...purposes])]),
  ]
}

function alternativeNames(asked: CertificateRequest): Extension[] {
  const names: JsonGeneralNames = [
    ...asked.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...asked.emailAddresses.map((value) => ({ type: 'email' as const, value })),
    ...asked.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
    ...asked.uris.map((value) => ({ type: 'url' as const, value })),
  ]
  // Who has no subject is known by these alone, and then nobody may overlook them.
  return names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names, asked.subject.attributes.length === 0)]
}
