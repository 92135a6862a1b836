import { CelList, type CelValue, type Environment, isError } from '../../../apimachinery/cel/index.ts'
import { authenticationExpressions, compileField, type Expression } from '../configuration/expressions.ts'
import type { JwtAuthenticatorConfig } from '../configuration/schema.ts'

/** A rule that must hold, and what is said when it does not. */
export interface Rule extends Expression {
  readonly message: string
}

/** The expressions of a JWT authenticator, compiled once. */
export interface MapperExpressions {
  readonly username?: Expression | undefined
  readonly groups?: Expression | undefined
  readonly uid?: Expression | undefined
  readonly extra: readonly (Expression & { readonly key: string })[]
  readonly claimRules: readonly Rule[]
  readonly userRules: readonly Rule[]
}

/** Compiles the expressions of a configuration that is valid; throws an Error for one that is not. */
export function mapperExpressions(config: JwtAuthenticatorConfig): MapperExpressions {
  const { claims, user } = authenticationExpressions()
  const { username, groups, uid, extra = [] } = config.claimMappings ?? {}
  const optional = (source = ''): Expression | undefined => (source === '' ? undefined : compiled(claims, source))
  return {
    username: optional(username?.expression),
    groups: optional(groups?.expression),
    uid: optional(uid?.expression),
    extra: extra.map(({ key = '', valueExpression = '' }) => ({ key, ...compiled(claims, valueExpression) })),
    claimRules: (config.claimValidationRules ?? []).flatMap(({ expression = '', message = '' }) =>
      expression === '' ? [] : [{ message, ...compiled(claims, expression) }],
    ),
    userRules: (config.userValidationRules ?? []).map(({ expression = '', message = '' }) => ({
      message,
      ...compiled(user, expression),
    })),
  }
}

function compiled(environment: Environment, source: string): Expression {
  const found = compileField(environment, source, 'expression')
  if ('program' in found) return found
  throw new Error(`${found.field}: ${found.message}`)
}

/** What an expression gives. Throws for a failure. */
export function evaluated({ source, program }: Expression, variables: Readonly<Record<string, CelValue>>): CelValue {
  const { value } = program.evaluate(variables)
  if (isError(value)) throw new Error(`expression '${source}' resulted in error: ${value.message}`)
  return value
}

/** What an expression gives that must be a text. */
export function evaluatedText(
  expression: Expression,
  variables: Readonly<Record<string, CelValue>>,
  what: string,
): string {
  const value = evaluated(expression, variables)
  if (typeof value === 'string') return value
  throw new Error(`${what} claim expression must return a string`)
}

/** Texts of a text or a list of them; empty ones are none. */
export function textsOf(value: CelValue): string[] {
  if (value === null) return []
  const items = value instanceof CelList ? [...value] : [value]
  return items.flatMap((item) => {
    if (typeof item !== 'string') throw new Error('expression must return a string or a list of strings')
    return item === '' ? [] : [item]
  })
}

/** Throws for the first rule that does not hold. */
export function demandRules(rules: readonly Rule[], variables: Readonly<Record<string, CelValue>>): void {
  const results = rules.map((rule) => evaluated(rule, variables))
  for (const [index, { source, message }] of rules.entries()) {
    const value = results[index]
    if (typeof value !== 'boolean') throw new Error('validation expression must return a boolean')
    if (!value) throw new Error(`validation expression '${source}' failed: ${message}`)
  }
}
