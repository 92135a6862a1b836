import type { CelValue } from '../../../apimachinery/cel/index.ts'
import type { JwtAuthenticatorConfig } from '../configuration/schema.ts'
import type { UserInfo } from '../types.ts'
import { booleanClaim, type Claims, claimsValue, hasClaim, textClaim, textsClaim, userValue } from './claims.ts'
import { demandRules, evaluated, evaluatedText, type MapperExpressions, mapperExpressions, textsOf } from './rules.ts'

/** Turns the claims of verified tokens into users, as a configuration says. */
export class ClaimMapper {
  readonly #config: JwtAuthenticatorConfig
  readonly #expressions: MapperExpressions

  /** Throws an Error for a configuration that is not valid. */
  constructor(config: JwtAuthenticatorConfig) {
    this.#config = config
    this.#expressions = mapperExpressions(config)
  }

  /** The user of a token. Throws in upstream's words where a claim is missing or a rule does not hold. */
  userOf(claims: Claims): UserInfo {
    const { claimRules, userRules } = this.#expressions
    const variables = { claims: claimsValue(claims) }
    const name = this.#username(claims, variables)
    const groups = this.#groups(claims, variables)
    const uid = this.#uid(claims, variables)
    const extra = this.#extra(claims, variables)
    const user: UserInfo = {
      name,
      groups,
      ...(uid !== '' && { uid }),
      ...(Object.keys(extra).length > 0 && { extra }),
    }
    this.#demandClaims(claims)
    within('oidc: error evaluating claim validation expression', () => demandRules(claimRules, variables))
    within('oidc: error evaluating user info validation rule', () => demandRules(userRules, { user: userValue(user) }))
    return user
  }

  #username(claims: Claims, variables: Variables): string {
    const expression = this.#expressions.username
    if (expression) {
      const what = 'oidc: error evaluating username claim expression'
      const name = within(what, () => evaluatedText(expression, variables, 'username'))
      if (name === '') throw new Error('oidc: empty username via CEL expression is not allowed')
      return name
    }
    const { claim = '', prefix = '' } = this.#config.claimMappings?.username ?? {}
    const name = within(`oidc: parse username claims ${JSON.stringify(claim)}`, () => textClaim(claims, claim))
    // An address counts only where the issuer does not say that nobody has checked it.
    if (claim === 'email' && hasClaim(claims, 'email_verified')) {
      const verified = within("oidc: parse 'email_verified' claim", () => booleanClaim(claims, 'email_verified'))
      if (!verified) throw new Error('oidc: email not verified')
    }
    return prefix + name
  }

  #groups(claims: Claims, variables: Variables): string[] {
    const { claim = '', prefix = '' } = this.#config.claimMappings?.groups ?? {}
    if (claim !== '' && hasClaim(claims, claim)) {
      const groups = within(`oidc: parse groups claim ${JSON.stringify(claim)}`, () => textsClaim(claims, claim))
      return groups.map((group) => prefix + group)
    }
    const expression = this.#expressions.groups
    if (!expression) return []
    return within('oidc: error evaluating group claim expression', () => textsOf(evaluated(expression, variables)))
  }

  #uid(claims: Claims, variables: Variables): string {
    const { claim = '' } = this.#config.claimMappings?.uid ?? {}
    if (claim !== '') return within(`oidc: parse uid claim ${JSON.stringify(claim)}`, () => textClaim(claims, claim))
    const expression = this.#expressions.uid
    if (!expression) return ''
    const what = 'oidc: error evaluating uid claim expression'
    return within(what, () => evaluatedText(expression, variables, 'uid'))
  }

  #extra(claims: Claims, variables: Variables): Record<string, string[]> {
    const { jti } = claims
    const id = typeof jti === 'string' && jti !== '' ? [`JTI=${jti}`] : undefined
    const extra: Record<string, string[]> = id ? { 'authentication.kubernetes.io/credential-id': id } : {}
    const values = this.#expressions.extra.map((expression) => evaluated(expression, variables))
    for (const [index, { key, source }] of this.#expressions.extra.entries()) {
      const texts = within(`oidc: error evaluating extra claim expression: ${source}`, () =>
        textsOf(values[index] ?? null),
      )
      if (texts.length > 0) extra[key] = texts
    }
    return extra
  }

  #demandClaims(claims: Claims): void {
    for (const { claim = '', requiredValue = '' } of this.#config.claimValidationRules ?? []) {
      if (claim === '') continue
      if (!hasClaim(claims, claim)) throw new Error(`oidc: required claim ${claim} not present in ID token`)
      const value = within(`oidc: parse claim ${claim}`, () => textClaim(claims, claim))
      if (value !== requiredValue) {
        throw new Error(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${requiredValue}`)
      }
    }
  }
}

type Variables = Readonly<Record<string, CelValue>>

/** What fails inside is told with what it was about before it. */
function within<T>(what: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
