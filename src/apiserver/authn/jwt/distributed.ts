import { isJsonObject } from '../../../lib/json-value.ts'
import { getOwn } from '../../../lib/own.ts'
import { goQuote } from '../../../lib/quote.ts'
import { type Claims, hasClaim } from './claims.ts'
import { untrustedIssuer } from './jws.ts'
import type { Provider, ProviderOptions } from './provider.ts'
import { type Requirements, verifiedClaims } from './verify.ts'

export interface DistributedOptions extends Omit<ProviderOptions, 'issuer' | 'discoveryUrl' | 'onKeysFetched'> {
  /** The one claim that may be elsewhere. */
  readonly claim: string
  readonly requirements: Omit<Requirements, 'issuer'>
  provider(options: ProviderOptions): Provider
}

/** Issuers of distributed claims that are known at a time. Tokens name them, so there is an end to it. */
const MOST_ISSUERS = 16

/** Fetches the claim that a token says is kept elsewhere (OpenID Connect Core 1.0, section 5.6.2). */
export class DistributedClaims {
  readonly #options: DistributedOptions
  readonly #providers = new Map<string, Provider>()

  constructor(options: DistributedOptions) {
    this.#options = options
  }

  /** The claims with that one; as they are when it is there, or nowhere. Rejects in upstream's words. */
  async expanded(claims: Claims): Promise<Claims> {
    const { claim } = this.#options
    if (hasClaim(claims, claim) || !hasClaim(claims, '_claim_names')) return claims
    const names = claims['_claim_names']
    if (!isJsonObject(names)) throw new Error('oidc: error parsing distributed claim names: no object')
    if (!hasClaim(claims, '_claim_sources')) throw new Error('oidc: no claim sources')
    const sources = claims['_claim_sources']
    if (!isJsonObject(sources)) throw new Error('oidc: could not parse claim sources: no object')
    const source = getOwn(names, claim)
    if (typeof source !== 'string') return claims
    const endpoint = getOwn(sources, source)
    if (!isJsonObject(endpoint)) {
      throw new Error(`id token _claim_names contained a source ${source} missing in _claims_sources`)
    }
    const { endpoint: url, access_token: accessToken } = endpoint
    if (typeof url !== 'string' || url === '') return claims
    const value = await this.#valueAt(url, typeof accessToken === 'string' ? accessToken : '')
    return { ...claims, [claim]: value }
  }

  async #valueAt(url: string, accessToken: string): Promise<unknown> {
    const { claim, requirements, clock } = this.#options
    const token = await this.#tokenAt(url, accessToken)
    const issuer = untrustedIssuer(token)
    if (issuer === undefined) {
      throw new Error(
        `getting untrusted issuer from endpoint ${url} failed for claim ${goQuote(claim)}: malformed token`,
      )
    }
    const { keys } = this.#providerOf(issuer)
    if (!keys) {
      throw new Error(
        `verifying untrusted issuer ${issuer} failed: verifier not initialized for issuer: ${goQuote(issuer)}`,
      )
    }
    const claims = await verifiedClaims(token, { ...requirements, issuer }, keys, clock.now() / 1000)
    if (hasClaim(claims, claim)) return claims[claim]
    throw new Error(`jwt returned by distributed claim endpoint ${goQuote(url)} did not contain claim: ${claim}`)
  }

  async #tokenAt(url: string, accessToken: string): Promise<string> {
    const { fetch, ca, signal, claim } = this.#options
    const headers: Record<string, string> = accessToken === '' ? {} : { authorization: `Bearer ${accessToken}` }
    const { status, statusText, body } = await fetch({ url, ca, headers, signal })
    if (status >= 200 && status <= 226) return body.trim()
    const why = `error while getting distributed claim JWT: ${status} ${statusText}`
    throw new Error(`while getting distributed claim ${goQuote(claim)}: ${why}`)
  }

  #providerOf(issuer: string): Provider {
    const known = this.#providers.get(issuer)
    if (known) return known
    if (this.#providers.size >= MOST_ISSUERS) throw new Error(`too many issuers of distributed claims: ${issuer}`)
    const made = this.#options.provider({ ...this.#options, issuer })
    this.#providers.set(issuer, made)
    return made
  }
}
