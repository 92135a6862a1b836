import {
  BOOL,
  type Compiled,
  type DeclType,
  Environment,
  MAX_REQUEST_SIZE_BYTES,
  optionalType,
  type Program,
  sameType,
  sizesUnder,
  STRING,
  structsOf,
} from '../../cel/index.ts'
import type { JsonSchema, ValidationRule } from '../json-schema.ts'
import { validFieldPath } from './field-path.ts'

/** A rule of a schema, ready to run; or why it is not. */
export interface CompiledRule {
  readonly rule: ValidationRule
  /** Undefined: the rule is blank, or wrong. */
  readonly program: Program | undefined
  readonly error: string | undefined
  readonly usesOldSelf: boolean
  /** The most that the rule can cost, once. */
  readonly maxCost: bigint
  readonly message: Program | undefined
  readonly messageError: string | undefined
  readonly messageMaxCost: bigint
  /** Under the rule's own path, where its failures are reported. */
  readonly fieldPath: string
}

const BLANK = {
  program: undefined,
  error: undefined,
  usesOldSelf: false,
  maxCost: 0n,
  message: undefined,
  messageError: undefined,
  messageMaxCost: 0n,
  fieldPath: '',
}

/** Compiles the rules of one level of a schema, whose data the declaration describes. */
export function compileRules(
  rules: readonly ValidationRule[],
  schema: JsonSchema,
  decl: DeclType | undefined,
): CompiledRule[] {
  if (rules.length === 0 || decl === undefined) return []
  const environments = environmentsOf(decl)
  return rules.map((rule) =>
    compileRule(rule, schema, rule.optionalOldSelf ? environments.optional : environments.plain),
  )
}

/** How often data of a schema can be in one request, under lists and maps without a limit. */
export function maxCardinality(decl: DeclType): bigint {
  return BigInt(Math.floor(MAX_REQUEST_SIZE_BYTES / (decl.minSerializedSize + 1)))
}

interface Environments {
  readonly plain: Environment
  readonly optional: Environment
}

/** One where oldSelf is a value, one where there may be none. */
function environmentsOf(decl: DeclType): Environments {
  const { type } = decl
  const rest = { structs: structsOf(decl), sizes: sizesUnder(decl) }
  return {
    plain: new Environment({ variables: { self: type, oldSelf: type }, ...rest }),
    optional: new Environment({ variables: { self: type, oldSelf: optionalType(type) }, ...rest }),
  }
}

function compileRule(rule: ValidationRule, schema: JsonSchema, environment: Environment): CompiledRule {
  if (rule.rule.trim() === '') return { rule, ...BLANK }
  const compiled = environment.compile(rule.rule)
  const error = problemOf(compiled, '', 'cel expression must evaluate to a bool')
  if (!compiled.ok || error !== undefined) return { rule, ...BLANK, error }
  const path = rule.fieldPath ? validFieldPath(rule.fieldPath, schema) : undefined
  return {
    rule,
    program: compiled.program,
    error: undefined,
    usesOldSelf: compiled.variables.has('oldSelf'),
    maxCost: compiled.cost.max,
    ...compileMessage(rule.messageExpression, environment),
    fieldPath: path?.valid ? path.path : '',
  }
}

function compileMessage(
  expression: string | undefined,
  environment: Environment,
): Pick<CompiledRule, 'message' | 'messageError' | 'messageMaxCost'> {
  const none = { message: undefined, messageError: undefined, messageMaxCost: 0n }
  if (!expression) return none
  const compiled = environment.compile(expression)
  const error = problemOf(compiled, 'messageExpression ', 'messageExpression must evaluate to a string')
  if (!compiled.ok || error !== undefined) return { ...none, messageError: error }
  return { message: compiled.program, messageError: undefined, messageMaxCost: compiled.cost.max }
}

/** What is wrong with an expression: its text, its type, or a constant in it. Of a plan that fails the type comes first. */
function problemOf(compiled: Compiled, prefix: '' | 'messageExpression ', wrongType: string): string | undefined {
  const wanted = prefix === '' ? BOOL : STRING
  if (compiled.ok) return sameType(compiled.type, wanted) ? undefined : wrongType
  if (compiled.stage === 'issues') return `${prefix}compilation failed: ${compiled.message}`
  return `${prefix === '' ? 'program ' : prefix}instantiation failed: ${compiled.message}`
}
