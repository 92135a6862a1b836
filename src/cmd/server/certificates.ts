import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { webcrypto } from 'node:crypto'
import type { Env } from '../../lib/env.ts'
import type { Random } from '../../lib/random.ts'

/** A certificate with its key, as PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** What a certificate says of its holder. */
export interface Subject {
  /** An RFC 2253 name: CN is the user, each O a group. */
  readonly name: string
  /** The names and addresses of a server; absent for a client. */
  readonly serves?: readonly string[]
}

/** What the cluster's own keys are. */
export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
const CA_DAYS = 3650
const LEAF_DAYS = 365
/** Clocks of clients may be a little behind. */
const BACKDATE_MS = 5 * 60_000

/** A certificate authority that signs itself. */
export async function makeAuthority(env: Env, name: string): Promise<KeyPair> {
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(env, CA_DAYS),
    name,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(
        KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment | KeyUsageFlags.keyCertSign,
        true,
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: `${certificate.toString('pem')}\n`, key: await pem('PRIVATE KEY', keys.privateKey) }
}

/** The certificate of another authority, signed by `authority`: who trusts this one trusts that. Both are PEM; it ends with the first of them that does. */
export async function crossSigned(env: Env, authority: KeyPair, other: string): Promise<string> {
  const [issuer, subject] = [new X509Certificate(authority.cert), new X509Certificate(other)]
  const certificate = await X509CertificateGenerator.create({
    ...validity(env, CA_DAYS),
    notAfter: subject.notAfter < issuer.notAfter ? subject.notAfter : issuer.notAfter,
    subject: subject.subject,
    issuer: issuer.subject,
    publicKey: subject.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(
        KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment | KeyUsageFlags.keyCertSign,
        true,
      ),
      await SubjectKeyIdentifierExtension.create(subject.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

/** A certificate of a server or a client, signed by `authority`. */
export async function makeCertificate(env: Env, authority: KeyPair, subject: Subject): Promise<KeyPair> {
  const keys = await makeKeys()
  const issuer = new X509Certificate(authority.cert)
  const usage = subject.serves ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth
  const asked = validity(env, LEAF_DAYS)
  const certificate = await X509CertificateGenerator.create({
    ...asked,
    notAfter: asked.notAfter < issuer.notAfter ? asked.notAfter : issuer.notAfter,
    subject: subject.name,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage]),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(subject.serves ? [new SubjectAlternativeNameExtension(subject.serves.map(alternativeName))] : []),
    ],
  })
  return { cert: `${certificate.toString('pem')}\n`, key: await pem('PRIVATE KEY', keys.privateKey) }
}

function validity({ clock, random }: Env, days: number) {
  return {
    serialNumber: serialNumber(random),
    notBefore: new Date(clock.now() - BACKDATE_MS),
    notAfter: new Date(clock.now() + days * DAY_MS),
    signingAlgorithm: ALGORITHM,
  }
}

/** A new serial number, in hexadecimal. */
export function serialNumber(random: Random): string {
  // The first bit of a serial number is its sign, and zeros in front may not be.
  const serial = Uint8Array.from(random.bytes(16))
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return Buffer.from(serial).toString('hex')
}

/** A name or an address, as a general name. */
export function alternativeName(value: string): { type: 'dns' | 'ip'; value: string } {
  return { type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value }
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

/** A key of an authority, from PEM. */
export function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  return crypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])
}

/** A private key in PEM. */
export async function pem(label: string, key: webcrypto.CryptoKey): Promise<string> {
  const base64 = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`
}
