import type { CryptoKey, JWK } from 'jose'
import { syntaxErrorOf } from '../../../apimachinery/codec/json/syntax.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { goKind } from './claims.ts'

/** A JWT in its compact form, taken apart. Nothing of it is verified. */
export interface Jws {
  readonly token: string
  readonly alg: string
  /** Empty when it names no key. */
  readonly kid: string
  readonly payload: Uint8Array
}

/** The algorithms that may be allowed at all: those of RSA and of elliptic curves, in upstream's order. */
export const SIGNING_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const

/** Loaded with the first token: a server that sees none needs none of it. */
export const jose = () => import('jose')

/** Takes a token apart. Throws an Error for what is no signed JWT. */
export function parseJws(token: string): Jws {
  const [protectedHeader = '', payload = '', signature, more] = token.split('.')
  if (signature === undefined || more !== undefined) throw new BadToken('compact JWS format must have three parts')
  const header = jsonOf(fromBase64Url(protectedHeader))
  if (!isJsonObject(header)) {
    throw new BadToken(`json: cannot unmarshal ${goKind(header)} into Go value of type jose.rawHeader`)
  }
  fromBase64Url(signature)
  const { alg, kid } = header
  return {
    token,
    alg: typeof alg === 'string' ? alg : '',
    kid: typeof kid === 'string' ? kid : '',
    payload: fromBase64Url(payload),
  }
}

/** The issuer that a token names, unverified; undefined when there is none to be told. */
export function untrustedIssuer(token: string): string | undefined {
  const [, payload, signature, more] = token.split('.')
  if (payload === undefined || signature === undefined || more !== undefined) return undefined
  try {
    const claims = jsonOf(fromBase64Url(payload))
    const issuer = isJsonObject(claims) ? claims['iss'] : undefined
    if (issuer === 'accounts.google.com') return 'https://accounts.google.com'
    return typeof issuer === 'string' ? issuer : undefined
  } catch (error) {
    if (error instanceof BadToken) return undefined
    throw error
  }
}

/** What is no JWT. */
export class BadToken extends Error {}

/** RFC 4648 section 5, without padding. Throws BadToken. */
function fromBase64Url(text: string): Uint8Array {
  const wrong = /[^A-Za-z0-9_-]/.exec(text)
  if (wrong || text.length % 4 === 1) {
    throw new BadToken(`illegal base64 data at input byte ${wrong?.index ?? text.length - 1}`)
  }
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}

/** Throws BadToken. */
export function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError)
      throw new BadToken(syntaxErrorOf(bytes) ?? error.message)
    throw error
  }
}

/** Keys that verify signatures, by their JWKs. */
export class KeySet {
  readonly #keys: readonly { readonly jwk: JWK; readonly imported: Map<string, Promise<CryptoKey | undefined>> }[]

  /** Keys that are neither RSA's nor of an elliptic curve are passed over (RFC 7517 section 5). */
  constructor(keys: readonly JWK[]) {
    const usable = keys.filter(({ kty }) => kty === 'RSA' || kty === 'EC')
    this.#keys = usable.map((jwk) => ({ jwk, imported: new Map() }))
  }

  /** Whether one of the keys, that of its id if it names one, has signed the token. */
  async hasSigned(jws: Jws): Promise<boolean> {
    for (const { jwk, imported } of this.#keys) {
      if (jws.kid !== '' && jwk.kid !== jws.kid) continue
      let key = imported.get(jws.alg)
      if (!key) imported.set(jws.alg, (key = importKey(jwk, jws.alg)))
      if (await isSignedBy(jws, await key)) return true
    }
    return false
  }
}

/** Only the key's numbers count: what else a JWK says (use, operations, algorithm) is not looked at, as upstream. */
async function importKey({ kty, n, e, crv, x, y }: JWK, alg: string): Promise<CryptoKey | undefined> {
  const { importJWK, errors } = await jose()
  const jwk: JWK = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y }
  try {
    const key = await importJWK(jwk, alg)
    return key instanceof Uint8Array ? undefined : key
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException)
      return undefined
    throw error
  }
}

async function isSignedBy({ token, alg }: Jws, key: CryptoKey | undefined): Promise<boolean> {
  if (!key) return false
  const { compactVerify, errors } = await jose()
  try {
    await compactVerify(token, key, { algorithms: [alg] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false
    throw error
  }
}
