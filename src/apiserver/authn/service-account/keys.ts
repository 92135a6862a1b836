import type { CryptoKey, JWK } from 'jose'
import { decodeBase64 } from '../../../lib/base64.ts'
import { Lru } from '../../../lib/lru.ts'

/** The keys of service account tokens, as PEM. */
export interface TokenKeyPems {
  /** PKCS #8; signs. RSA, or EC P-256, P-384 or P-521. */
  readonly privateKey: string
  /** SPKI; each verifies, in the order they are published in. */
  readonly publicKeys: readonly string[]
  /** SPKI of `privateKey`; the first of `publicKeys` unless told. */
  readonly signer?: string
}

/** A JSON Web Key Set (RFC 7517). */
export interface KeySet {
  readonly keys: readonly JWK[]
}

/** Whoever signs service account tokens, and knows what was signed. */
export interface AccountTokenKeys {
  /** A JWT of these claims. */
  sign(claims: object): Promise<string>
  /** The claims of a token that one of the keys has signed. Rejects for any other. */
  verify(token: string): Promise<Readonly<Record<string, unknown>>>
  /** The public keys, for whoever verifies tokens elsewhere. */
  keySet(): Promise<KeySet>
  /** How long others may keep the key set. */
  maxAgeSeconds(): number
  /** How long it may be remembered that a token was verified; for ever where the keys do not change. */
  readonly trustSeconds: number
}

/** A key that verifies. */
export interface PublicKey {
  readonly pem: string
  readonly alg: string
  readonly key: CryptoKey
}

interface LoadedKeys {
  readonly alg: string
  readonly kid: string
  readonly privateKey: CryptoKey
  /** By key id. */
  readonly publicKeys: ReadonlyMap<string, PublicKey>
  readonly set: KeySet
}

/** Verified tokens that are kept, so that a client's next request costs no signature. */
const KEPT_TOKENS = 2048
/** Tokens of nobody that are kept: clients whose token is over ask again and again. */
const KEPT_FORGERIES = 512
const LONGEST_FORGERY = 4096
const FORGED = 'failed to verify signature with any of the keys'

/**
 * Signs and verifies service account tokens. The keys are read, or made when there are none, when first needed: most starts of a
 * cluster need none before it is ready.
 */
export class TokenKeys implements AccountTokenKeys {
  readonly trustSeconds = Infinity
  readonly #pems: TokenKeyPems | undefined
  #loaded: Promise<LoadedKeys> | undefined
  readonly #verified = new Lru<string, Readonly<Record<string, unknown>>>(KEPT_TOKENS)
  readonly #forged = new Lru<string, true>(KEPT_FORGERIES)

  /** Without `pems`, keys for the life of this object. */
  constructor(pems?: TokenKeyPems) {
    this.#pems = pems
  }

  /** A JWT of these claims. */
  async sign(claims: object): Promise<string> {
    const { alg, kid, privateKey } = await this.#keys()
    const { CompactSign } = await jose()
    const payload = new TextEncoder().encode(JSON.stringify(claims))
    return new CompactSign(payload).setProtectedHeader({ alg, kid }).sign(privateKey)
  }

  /** The claims of a token that one of the keys has signed. Rejects for any other. */
  async verify(token: string): Promise<Readonly<Record<string, unknown>>> {
    const known = this.#verified.get(token)
    if (known) return known
    if (this.#forged.get(token)) throw new Error(FORGED)
    const { publicKeys } = await this.#keys()
    const { decodeProtectedHeader } = await jose()
    const named = publicKeys.get(decodeProtectedHeader(token).kid ?? '')
    for (const key of named ? [named] : publicKeys.values()) {
      const payload = await signedBy(token, key)
      if (!payload) continue
      const claims = JSON.parse(new TextDecoder().decode(payload)) as Readonly<Record<string, unknown>>
      this.#verified.set(token, claims)
      return claims
    }
    if (token.length <= LONGEST_FORGERY) this.#forged.set(token, true)
    throw new Error(FORGED)
  }

  /** The public keys, for whoever verifies tokens elsewhere. */
  async keySet(): Promise<KeySet> {
    return (await this.#keys()).set
  }

  maxAgeSeconds(): number {
    return 3600
  }

  #keys(): Promise<LoadedKeys> {
    return (this.#loaded ??= this.#pems ? loadKeys(this.#pems) : makeKeys())
  }
}

/** Loaded with the first token: a server that sees none needs none of it. */
const jose = () => import('jose')

/** What the token carries when `key` has signed it. */
export async function signedBy(token: string, { key, alg }: PublicKey): Promise<Uint8Array | undefined> {
  const { compactVerify, errors } = await jose()
  try {
    return (await compactVerify(token, key, { algorithms: [alg] })).payload
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
    throw error
  }
}

async function loadKeys({ privateKey, publicKeys, signer = publicKeys[0] ?? '' }: TokenKeyPems): Promise<LoadedKeys> {
  const { importPKCS8 } = await jose()
  const alg = algorithmOf(signer)
  const entries = await Promise.all(publicKeys.map(readPublicKey))
  return { ...(await keySetOf(entries)), alg, kid: await keyId(signer), privateKey: await importPKCS8(privateKey, alg) }
}

async function makeKeys(): Promise<LoadedKeys> {
  const { generateKeyPair, exportSPKI } = await jose()
  const alg = 'ES256'
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const pem = await exportSPKI(publicKey)
  return { ...(await keySetOf([{ pem, alg, key: publicKey }])), alg, kid: await keyId(pem), privateKey }
}

async function keySetOf(entries: readonly PublicKey[]): Promise<Pick<LoadedKeys, 'publicKeys' | 'set'>> {
  const publicKeys = new Map<string, PublicKey>()
  const keys: JWK[] = []
  for (const entry of entries) {
    const kid = await keyId(entry.pem)
    publicKeys.set(kid, entry)
    keys.push(await jwkOf(kid, entry))
  }
  return { publicKeys, set: { keys } }
}

/** A key as it is published; in the order that upstream writes it in. */
export async function jwkOf(kid: string, { alg, key }: PublicKey): Promise<JWK> {
  const { exportJWK } = await jose()
  const { kty, crv, ...numbers } = await exportJWK(key)
  return { use: 'sig', kty, kid, ...(crv !== undefined && { crv }), alg, ...numbers }
}

/** Reads a key in PEM (SPKI). */
export async function readPublicKey(pem: string): Promise<PublicKey> {
  const { importSPKI } = await jose()
  const alg = algorithmOf(pem)
  return { pem, alg, key: await importSPKI(pem, alg, { extractable: true }) }
}

/** Upstream's key id: the SHA-256 of the key's DER, in base64url. */
async function keyId(pem: string): Promise<string> {
  const { base64url } = await jose()
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', derOf(pem))))
}

function derOf(pem: string): Uint8Array<ArrayBuffer> {
  const der = decodeBase64(pem.replace(/-----[^-]+-----|\s/g, ''))
  if (typeof der === 'number') throw new Error('a public key is not PEM')
  return Uint8Array.from(der)
}

/** Object identifiers in DER, hexadecimal: rsaEncryption (RFC 8017), and the curves P-384 and P-521 (RFC 5480). */
const ALGORITHMS: readonly (readonly [oid: string, algorithm: string])[] = [
  ['2a864886f70d010101', 'RS256'],
  ['2b81040022', 'ES384'],
  ['2b81040023', 'ES512'],
]

function algorithmOf(publicKeyPem: string): string {
  const hex = Array.from(derOf(publicKeyPem).subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return ALGORITHMS.find(([oid]) => hex.includes(oid))?.[1] ?? 'ES256'
}
