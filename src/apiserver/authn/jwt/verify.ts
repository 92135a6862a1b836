import { isJsonObject } from '../../../lib/json-value.ts'
import { goQuote } from '../../../lib/quote.ts'
import { type Claims, goKind } from './claims.ts'
import { BadToken, type Jws, jsonOf, parseJws } from './jws.ts'

/** What a token must be. */
export interface Requirements {
  readonly issuer: string
  /** The token must be for one of them. */
  readonly audiences: readonly string[]
  /** In upstream's order. */
  readonly algorithms: readonly string[]
}

/** Tokens may come from a clock that is ahead by so much. */
const LEEWAY_SECONDS = 60

/**
 * The claims of a token that `keys` verify, and that is of the issuer, for the audiences and in time (OpenID Connect Core 1.0, section 3.1.3.7).
 * Rejects in upstream's words.
 */
export async function verifiedClaims(
  token: string,
  { issuer, audiences, algorithms }: Requirements,
  keys: { verify(jws: Jws): Promise<void> },
  nowSeconds: number,
): Promise<Claims> {
  const jws = parsed(token)
  if (!algorithms.includes(jws.alg)) {
    const wanted = quoted(algorithms)
    throw new Error(`oidc: id token signed with unsupported algorithm, expected ${wanted} got ${goQuote(jws.alg)}`)
  }
  try {
    await keys.verify(jws)
  } catch (error) {
    throw new Error(`failed to verify signature: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  const claims = claimsOf(jws)
  checkTypes(claims)
  const named = textOf(claims, 'iss')
  if (named !== issuer && !(issuer === 'https://accounts.google.com' && named === 'accounts.google.com')) {
    const got = goQuote(named)
    throw new Error(`oidc: id token issued by a different provider, expected ${goQuote(issuer)} got ${got}`)
  }
  checkAudience(audiencesOf(claims), audiences)
  checkTimes(claims, nowSeconds)
  return claims
}

function parsed(token: string): Jws {
  try {
    return parseJws(token)
  } catch (error) {
    throw error instanceof BadToken ? new Error(`oidc: malformed jwt: ${error.message}`) : error
  }
}

function claimsOf({ payload }: Jws): Claims {
  try {
    const claims = jsonOf(payload)
    if (isJsonObject(claims)) return claims
    throw unreadable(`json: cannot unmarshal ${goKind(claims)} into Go value of type oidc.idToken`)
  } catch (error) {
    throw error instanceof BadToken ? unreadable(error.message) : error
  }
}

const unreadable = (why: string): Error => new Error(`oidc: failed to unmarshal claims: ${why}`)

/** What of the claims has a type that every ID token keeps to, in the words of Go's decoder. */
function checkTypes(claims: Claims): void {
  for (const name of ['iss', 'sub', 'nonce', 'at_hash']) textOf(claims, name)
  audiencesOf(claims)
  for (const name of ['exp', 'iat', 'nbf']) timeOf(claims, name)
  const [names, sources] = ['_claim_names', '_claim_sources'].map((name) => claims[name] ?? {})
  if (!isJsonObject(names)) throw notOfType(names, '_claim_names', 'map[string]string')
  if (!isJsonObject(sources)) throw notOfType(sources, '_claim_sources', 'map[string]oidc.claimSource')
  for (const source of Object.values(names)) {
    if (typeof source !== 'string') throw notOfType(source, '_claim_names', 'string')
    if (source === '') throw new Error('oidc: failed to obtain source from claim name')
    if (!Object.hasOwn(sources, source)) throw new Error('oidc: source does not exist')
  }
}

function notOfType(value: unknown, name: string, wanted: string): Error {
  return unreadable(`json: cannot unmarshal ${goKind(value)} into Go struct field idToken.${name} of type ${wanted}`)
}

function textOf(claims: Claims, name: string): string {
  const value = claims[name] ?? ''
  if (typeof value === 'string') return value
  throw notOfType(value, name, 'string')
}

function audiencesOf(claims: Claims): readonly string[] {
  const value = claims['aud']
  if (value === undefined) return []
  if (value === null) return ['']
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value)) throw notOfType(value, 'aud', '[]string')
  return value.map((item: unknown) => {
    if (item !== null && typeof item !== 'string') throw notOfType(item, 'aud', 'string')
    return item ?? ''
  })
}

const MOST_SECONDS = 2 ** 53

/** Seconds since the epoch. */
function timeOf(claims: Claims, name: string): number | undefined {
  const value = claims[name]
  if (value === undefined || (value === null && name === 'nbf')) return undefined
  if (value === null) throw unreadable('strconv.ParseFloat: parsing "": invalid syntax')
  if (typeof value !== 'number' && typeof value !== 'string') throw notOfType(value, name, 'json.Number')
  const seconds = value === '' ? NaN : Number(value)
  if (!Number.isNaN(seconds)) return Math.abs(seconds) < MOST_SECONDS ? Math.trunc(seconds) : Infinity
  throw unreadable(`json: invalid number literal, trying to unmarshal ${goQuote(JSON.stringify(value))} into Number`)
}

function checkAudience(got: readonly string[], wanted: readonly string[]): void {
  if (got.some((audience) => wanted.includes(audience))) return
  const [only = ''] = wanted
  const expected = wanted.length === 1 ? goQuote(only) : `in ${quoted(wanted.toSorted())}`
  throw new Error(`oidc: expected audience ${expected} got ${quoted(got)}`)
}

function checkTimes(claims: Claims, now: number): void {
  const expires = timeOf(claims, 'exp')
  // A time that is beyond all clocks is no time.
  if (expires === undefined || expires < now || expires === Infinity) {
    const shown = expires === undefined ? '0001-01-01 00:00:00 +0000 UTC' : goTime(expires)
    throw new Error(`oidc: token is expired (Token Expiry: ${shown})`)
  }
  const notBefore = timeOf(claims, 'nbf')
  if (notBefore !== undefined && now + LEEWAY_SECONDS < notBefore) {
    throw new Error(`oidc: current time ${goTime(now)} before the nbf (not before) time: ${goTime(notBefore)}`)
  }
}

function goTime(seconds: number): string {
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return String(seconds)
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`
}

const quoted = (texts: readonly string[]): string => `[${texts.map(goQuote).join(' ')}]`
