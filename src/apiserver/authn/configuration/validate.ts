import { domainPrefixedPath } from '../../../api/checks.ts'
import { duplicate, type FieldError, fieldForbidden, invalid, required, tooMany } from '../../../apimachinery/status.ts'
import { equalJson } from '../../../lib/json-value.ts'
import {
  authenticationExpressions,
  compileField,
  type Expression,
  type Expressions,
  readsClaim,
} from './expressions.ts'
import type {
  AnonymousConfig,
  AuthenticationConfiguration,
  ClaimMappings,
  ClaimValidationRule,
  ExtraMapping,
  JwtAuthenticatorConfig,
  PrefixedClaim,
  UserValidationRule,
} from './schema.ts'
import { validateIssuer } from './validate-issuer.ts'

const MOST_AUTHENTICATORS = 64

/** What is wrong with a configuration (upstream's ValidateAuthenticationConfiguration). `disallowed`: the issuers of service account tokens. */
export function* validateAuthenticationConfiguration(
  { jwt = [], anonymous }: AuthenticationConfiguration,
  disallowed: readonly string[],
): Iterable<FieldError> {
  if (jwt.length > MOST_AUTHENTICATORS) {
    yield tooMany('jwt', jwt.length, MOST_AUTHENTICATORS)
    return
  }
  const expressions = authenticationExpressions()
  const [issuers, discoveries] = [new Set<string>(), new Set<string>()]
  for (const [index, authenticator] of jwt.entries()) {
    const field = `jwt[${index}]`
    yield* validateAuthenticator(field, authenticator, { expressions, disallowed })
    const { url = '', discoveryURL = '' } = authenticator.issuer ?? {}
    if (issuers.has(url)) yield duplicate(`${field}.issuer.url`, url)
    issuers.add(url)
    if (discoveries.has(discoveryURL)) yield duplicate(`${field}.issuer.discoveryURL`, discoveryURL)
    if (discoveryURL !== '') discoveries.add(discoveryURL)
  }
  if (anonymous) yield* validateAnonymous(anonymous)
}

/** What a reload may not change: who strangers are is settled when the server starts. */
export function* validateChange(
  now: AuthenticationConfiguration,
  first: AuthenticationConfiguration,
): Iterable<FieldError> {
  if (!equalJson(now.anonymous, first.anonymous)) {
    yield fieldForbidden('anonymous', 'changed from initial configuration file')
  }
}

function* validateAnonymous({ enabled = false, conditions = [] }: AnonymousConfig): Iterable<FieldError> {
  if (enabled || conditions.length === 0) return
  const shown = conditions.map(({ path = '' }) => ({ Path: path }))
  yield invalid('anonymous.conditions', shown, 'enabled should be set to true when conditions are defined')
}

interface Context {
  readonly expressions: Expressions
  readonly disallowed: readonly string[]
}

/** Expressions that compiled, by whether claims.email may count on them. */
interface Compiled {
  username?: Expression
  readonly verifying: Expression[]
}

function* validateAuthenticator(
  field: string,
  { issuer = {}, claimValidationRules = [], claimMappings = {}, userValidationRules = [] }: JwtAuthenticatorConfig,
  { expressions, disallowed }: Context,
): Iterable<FieldError> {
  const compiled: Compiled = { verifying: [] }
  yield* validateIssuer(`${field}.issuer`, issuer, disallowed)
  yield* validateClaimRules(`${field}.claimValidationRules`, claimValidationRules, expressions, compiled)
  yield* validateMappings(`${field}.claimMappings`, claimMappings, expressions, compiled)
  yield* validateUserRules(`${field}.userValidationRules`, userValidationRules, expressions)
}

function* validateClaimRules(
  field: string,
  rules: readonly ClaimValidationRule[],
  { claims }: Expressions,
  { verifying }: Compiled,
): Iterable<FieldError> {
  const [seenClaims, seenExpressions] = [new Set<string>(), new Set<string>()]
  for (const [index, { claim = '', expression = '', requiredValue = '', message = '' }] of rules.entries()) {
    const at = `${field}[${index}]`
    if (claim !== '' && expression !== '') yield invalid(at, claim, "claim and expression can't both be set")
    else if (claim === '' && expression === '') yield required(at, 'claim or expression is required')
    else if (claim !== '') {
      if (message !== '') yield invalid(`${at}.message`, message, 'may not be specified when claim is set')
      if (seenClaims.has(claim)) yield duplicate(`${at}.claim`, claim)
      seenClaims.add(claim)
    } else {
      if (requiredValue !== '') {
        yield invalid(`${at}.requiredValue`, requiredValue, 'may not be specified when expression is set')
      }
      if (seenExpressions.has(expression)) yield duplicate(`${at}.expression`, expression)
      else {
        seenExpressions.add(expression)
        const found = compileField(claims, expression, `${at}.expression`, { rule: true })
        if ('program' in found) verifying.push(found)
        else yield found
      }
    }
  }
}

function* validateMappings(
  field: string,
  mappings: ClaimMappings,
  { claims }: Expressions,
  compiled: Compiled,
): Iterable<FieldError> {
  const { username = {}, groups = {}, uid = {}, extra = [] } = mappings
  const { claim = '', expression = '' } = username
  if (claim === '' && expression === '') yield required(`${field}.username`, 'claim or expression is required')
  const name = yield* validatePrefixed(`${field}.username`, username, claims)
  if (name) compiled.verifying.push(name)
  yield* validatePrefixed(`${field}.groups`, groups, claims)
  if (uid.claim && uid.expression) yield invalid(`${field}.uid`, '', "claim and expression can't both be set")
  else if (uid.expression) {
    const found = compileField(claims, uid.expression, `${field}.uid.expression`)
    if (!('program' in found)) yield found
  }
  yield* validateExtra(`${field}.extra`, extra, claims, compiled)
  const usesEmail = name !== undefined && readsClaim(name.expr, 'email')
  if (usesEmail && !compiled.verifying.some(({ expr }) => readsClaim(expr, 'email_verified'))) {
    yield invalid(
      `${field}.username.expression`,
      expression,
      'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    )
  }
}

/** The expression, when there is one and nothing is wrong with the mapping. */
function* validatePrefixed(
  field: string,
  { claim = '', expression = '', prefix }: PrefixedClaim,
  claims: Expressions['claims'],
): Generator<FieldError, Expression | undefined> {
  if (claim !== '' && expression !== '') yield invalid(field, '', "claim and expression can't both be set")
  else if (expression !== '') {
    const misplaced = prefix !== undefined
    if (misplaced) yield invalid(`${field}.prefix`, prefix, 'may not be specified when expression is set')
    const found = compileField(claims, expression, `${field}.expression`)
    if (!('program' in found)) yield found
    else if (!misplaced) return found
  } else if (claim !== '' && prefix === undefined) {
    const why = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing'
    yield required(`${field}.prefix`, why)
  }
  return undefined
}

function* validateExtra(
  field: string,
  mappings: readonly ExtraMapping[],
  claims: Expressions['claims'],
  { verifying }: Compiled,
): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const [index, { key = '', valueExpression = '' }] of mappings.entries()) {
    const at = `${field}[${index}]`
    yield* domainPrefixedPath(`${at}.key`, key)
    if (key !== key.toLowerCase()) yield invalid(`${at}.key`, key, 'must be lowercase')
    if (/^(?:[^/]*\.)?(?:kubernetes\.io|k8s\.io)\//.test(key)) {
      const why = 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'
      yield invalid(`${at}.key`, key, why)
    }
    if (seen.has(key)) {
      yield duplicate(`${at}.key`, key)
      continue
    }
    seen.add(key)
    const found =
      valueExpression === ''
        ? required(`${at}.valueExpression`)
        : compileField(claims, valueExpression, `${at}.valueExpression`)
    if ('program' in found) verifying.push(found)
    else yield found
  }
}

function* validateUserRules(
  field: string,
  rules: readonly UserValidationRule[],
  { user }: Expressions,
): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const [index, { expression = '' }] of rules.entries()) {
    const at = `${field}[${index}].expression`
    if (expression === '') yield required(at)
    else if (seen.has(expression)) yield duplicate(at, expression)
    else {
      seen.add(expression)
      const found = compileField(user, expression, at, { rule: true })
      if (!('program' in found)) yield found
    }
  }
}
