import { derElements, type DerElement, inside, oidOf, present } from './der.ts'

const UNIMPLEMENTED = 'x509: cannot verify signature: algorithm unimplemented'
const MD5_WITH_RSA = '1.2.840.113549.1.1.4'
const RSA_PSS = '1.2.840.113549.1.1.10'
const RSA_KEY = '1.2.840.113549.1.1.1'
const EC_KEY = '1.2.840.10045.2.1'
const ED25519 = '1.3.101.112'

type Hash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'
/** Of PKCS #1 v1.5 (RFC 8017). */
const RSA_HASHES: Readonly<Record<string, Hash>> = {
  '1.2.840.113549.1.1.5': 'SHA-1',
  '1.2.840.113549.1.1.11': 'SHA-256',
  '1.2.840.113549.1.1.12': 'SHA-384',
  '1.2.840.113549.1.1.13': 'SHA-512',
}
const EC_HASHES: Readonly<Record<string, Hash>> = {
  '1.2.840.10045.4.1': 'SHA-1',
  '1.2.840.10045.4.3.2': 'SHA-256',
  '1.2.840.10045.4.3.3': 'SHA-384',
  '1.2.840.10045.4.3.4': 'SHA-512',
}
const PSS_HASHES: Readonly<Record<string, readonly [hash: Hash, size: number]>> = {
  '2.16.840.1.101.3.4.2.1': ['SHA-256', 32],
  '2.16.840.1.101.3.4.2.2': ['SHA-384', 48],
  '2.16.840.1.101.3.4.2.3': ['SHA-512', 64],
}
const CURVES: Readonly<Record<string, readonly [name: string, size: number]>> = {
  '1.2.840.10045.3.1.7': ['P-256', 32],
  '1.3.132.0.34': ['P-384', 48],
  '1.3.132.0.35': ['P-521', 66],
}
/** Go knows it, WebCrypto does not. */
const P224 = '1.3.132.0.33'
/** Of RSA: shorter keys are no keys. */
const SHORTEST_KEY_BITS = 1024

/** How a signature is checked, in the words of WebCrypto. */
interface Check {
  readonly key: { readonly name: string; readonly hash?: Hash; readonly namedCurve?: string }
  readonly verify: { readonly name: string; readonly hash?: Hash; readonly saltLength?: number }
  readonly signature: Uint8Array
  /** What is said when the signature is another's. */
  readonly failure: string
}

/**
 * Checks that the holder of a certification request's key signed it (RFC 2986 section 4.2). What is wrong, in the words of Go's
 * CheckSignature; undefined when nothing is. The request has been read before: see readRequest.
 */
export async function signatureProblem(request: Uint8Array): Promise<string | undefined> {
  const [info, algorithm, signature] = inside(derElements(request)[0])
  const [version, subject, publicKey] = inside(info)
  const check = unlessUnreadable(() => checkOf(present(algorithm), present(publicKey), bitsOf(signature)))
  if (typeof check === 'string') return check
  const signed = span(request, request.length - inner(request), info)
  const key = span(request, start(request, present(subject ?? version)), publicKey)
  try {
    const imported = await crypto.subtle.importKey('spki', key, check.key, false, ['verify'])
    const good = await crypto.subtle.verify(check.verify, imported, Uint8Array.from(check.signature), signed)
    return good ? undefined : check.failure
  } catch {
    // WebCrypto says of a key that it cannot use no more than that.
    return check.failure
  }
}

function unlessUnreadable(check: () => Check | string): Check | string {
  try {
    return check()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function checkOf(algorithm: DerElement, publicKey: DerElement, signature: Uint8Array): Check | string {
  const [id, parameters] = inside(algorithm)
  const [keyAlgorithm, bits] = inside(publicKey)
  const [keyId, curveId] = inside(keyAlgorithm)
  const [signedBy, key] = [oidOf(id), oidOf(keyId)]
  if (signedBy === MD5_WITH_RSA) return 'x509: cannot verify signature: insecure algorithm MD5-RSA'
  if (key === EC_KEY) return ecCheck(EC_HASHES[signedBy], oidOf(curveId), signature)
  if (key === ED25519 && signedBy === ED25519)
    return { key: ED, verify: ED, signature, failure: 'x509: Ed25519 verification failure' }
  if (key !== RSA_KEY) return UNIMPLEMENTED
  return rsaCheck(signedBy, parameters, bits, signature)
}

const ED = { name: 'Ed25519' }

function ecCheck(hash: Hash | undefined, curve: string, signature: Uint8Array): Check | string {
  const known = CURVES[curve]
  if (!known) return curve === P224 ? UNIMPLEMENTED : 'x509: unsupported elliptic curve'
  if (!hash) return UNIMPLEMENTED
  const [namedCurve, size] = known
  const failure = 'x509: ECDSA verification failure'
  const pair = pairOf(signature, size)
  if (!pair) return failure
  return { key: { name: 'ECDSA', namedCurve }, verify: { name: 'ECDSA', hash }, signature: pair, failure }
}

function rsaCheck(
  signedBy: string,
  parameters: DerElement | undefined,
  bits: DerElement | undefined,
  signature: Uint8Array,
): Check | string {
  const length = modulusBits(bits)
  const pss = signedBy === RSA_PSS ? pssHash(parameters) : undefined
  const hash = pss?.[0] ?? RSA_HASHES[signedBy]
  if (!hash) return UNIMPLEMENTED
  if (length < SHORTEST_KEY_BITS)
    return `crypto/rsa: ${length}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)`
  const name = pss ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5'
  const verify = pss ? { name, saltLength: pss[1] } : { name }
  return { key: { name, hash }, verify, signature, failure: 'crypto/rsa: verification error' }
}

/** Of the parameters only those with which one hash serves for all, and is as long as the salt (as Go). */
function pssHash(parameters: DerElement | undefined): readonly [hash: Hash, size: number] | undefined {
  const [hash, mask, salt] = inside(parameters)
  const known = PSS_HASHES[oidOf(inside(derElements(present(hash).content)[0])[0])]
  const maskHash = inside(derElements(present(mask).content)[0])[1]
  if (!known || PSS_HASHES[oidOf(inside(maskHash)[0])] !== known) return undefined
  // When it is not told it is twenty, which is no hash's length here.
  const length = salt && derElements(salt.content)[0]?.content
  return length?.length === 1 && length[0] === known[1] ? known : undefined
}

function modulusBits(key: DerElement | undefined): number {
  const [modulus] = inside(derElements(bitsOf(key))[0])
  const bytes = withoutZeros(present(modulus).content)
  return bytes.length === 0 ? 0 : bytes.length * 8 - (Math.clz32(bytes[0] ?? 0) - 24)
}

/** The two numbers of an ECDSA signature side by side, as WebCrypto takes them; undefined for none. */
function pairOf(signature: Uint8Array, size: number): Uint8Array | undefined {
  const pair = new Uint8Array(2 * size)
  try {
    const numbers = inside(derElements(signature)[0])
    for (const [index, number] of numbers.entries()) {
      const bytes = withoutZeros(number.content)
      if (index > 1 || bytes.length > size) return undefined
      pair.set(bytes, (index + 1) * size - bytes.length)
    }
    return numbers.length === 2 ? pair : undefined
  } catch {
    // What cannot be read is no signature.
    return undefined
  }
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? new Uint8Array() : bytes.subarray(first)
}

/** What a bit string of whole bytes holds. */
function bitsOf(element: DerElement | undefined): Uint8Array {
  return present(element).content.subarray(1)
}

/** How many bytes the outermost element holds. */
const inner = (bytes: Uint8Array): number => present(derElements(bytes)[0]).content.length

/** Where the element that follows `element` begins. */
const start = (whole: Uint8Array, { content }: DerElement): number =>
  content.byteOffset - whole.byteOffset + content.length

/** From `from` to the end of `element`: itself with its head. */
function span(whole: Uint8Array, from: number, element: DerElement | undefined): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(whole.subarray(from, start(whole, present(element))))
}
