import {
  ANY,
  BOOL,
  Environment,
  listType,
  mapType,
  type Program,
  sameType,
  STRING,
  structType,
  type StructDecl,
} from '../../../apimachinery/cel/index.ts'
import { children, type Expr } from '../../../apimachinery/cel/syntax/ast.ts'
import { type FieldError, invalid } from '../../../apimachinery/status.ts'

/** An expression that can be evaluated, and what it was read from. */
export interface Expression {
  readonly source: string
  readonly program: Program
  readonly expr: Expr
}

/** What the expressions of an authentication configuration may refer to: `claims` in most, `user` in rules for users. */
export interface Expressions {
  readonly claims: Environment
  readonly user: Environment
}

const USER_FIELDS = new Map([
  ['username', STRING],
  ['uid', STRING],
  ['groups', listType(STRING)],
  ['extra', mapType(STRING, listType(STRING))],
])

const USER: StructDecl = { type: structType('kubernetes.UserInfo'), field: (name) => USER_FIELDS.get(name) }

/** The two environments; make them once for a configuration. */
export function authenticationExpressions(): Expressions {
  return {
    claims: new Environment({ variables: { claims: mapType(STRING, ANY) } }),
    user: new Environment({ variables: { user: USER.type }, structs: [USER] }),
  }
}

/** An expression of `field`, which must give a boolean where it is a rule; or what is wrong with it. */
export function compileField(
  environment: Environment,
  source: string,
  field: string,
  { rule = false } = {},
): Expression | FieldError {
  const compiled = environment.compile(source)
  if (!compiled.ok) {
    if (compiled.stage === 'issues') return invalid(field, source, `compilation failed: ${compiled.message}`)
    return {
      type: 'InternalError',
      field,
      message: `Internal error: program instantiation failed: ${compiled.message}`,
    }
  }
  if (rule && !sameType(compiled.type, BOOL)) return invalid(field, source, 'must evaluate to bool')
  const checked = environment.check(source)
  if ('message' in checked) return invalid(field, source, checked.message)
  return { source, program: compiled.program, expr: checked.checked.expr }
}

/** Whether an expression reads `claims.<claim>` or `claims.?<claim>`, somewhere. */
export function readsClaim(expr: Expr, claim: string): boolean {
  if (expr.kind === 'select' && isClaims(expr.operand) && expr.field === claim) return true
  if (expr.kind === 'call' && expr.fn === '_?._' && expr.target === undefined) {
    const [operand, field] = expr.args
    if (isClaims(operand) && field?.kind === 'literal' && field.value === claim) return true
  }
  for (const child of children(expr)) if (readsClaim(child, claim)) return true
  return false
}

function isClaims(expr: Expr | undefined): boolean {
  return expr?.kind === 'ident' && expr.name === 'claims'
}
