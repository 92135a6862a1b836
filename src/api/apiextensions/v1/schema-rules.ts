import { type DeclType, declTypeOf, escapeName } from '../../../apimachinery/cel/index.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid } from '../../../apimachinery/status.ts'
import { additionalSchema, type JsonSchema, type ValidationRule } from '../../../apimachinery/structural/json-schema.ts'
import { type CompiledRule, compileRules, maxCardinality } from '../../../apimachinery/structural/rules/compile.ts'

type Schema = Frozen<JsonSchema>

/** What one expression may be estimated to cost, for all the values it can be evaluated on. */
const EXPRESSION_LIMIT = 10_000_000n
/** What all expressions of a version's schema may be estimated to cost together. */
const SCHEMA_LIMIT = 100_000_000n
const MAX = 2n ** 64n - 1n

/** What is known of a level of the schema from those above it. */
interface Context {
  readonly path: string
  /** How many values there can be; undefined: no limit above it says. */
  readonly cardinality: bigint | undefined
  /** The types, once there is a rule here or above. */
  readonly decl: DeclType | undefined
  readonly inScope: boolean
  /** The nearest list or map above whose values cannot be told apart between changes. */
  readonly uncorrelatable: string | undefined
}

interface Expensive {
  readonly path: string
  readonly cost: bigint
}

/**
 * Compiles the rules of a whole schema. `faults` are those of the schema itself: rules of a level that has one, or
 * under which there is one, are left for later. `unchanged`: rules accepted before may cost what they cost.
 */
export function validateRules(
  schema: Schema,
  path: string,
  faults: readonly FieldError[],
  unchanged: boolean,
): FieldError[] {
  const walk = new Walk(
    faults.map(({ field }) => field),
    unchanged,
  )
  walk.visit(schema, { path, cardinality: 1n, decl: undefined, inScope: false, uncorrelatable: undefined }, true)
  return [...walk.errors, ...walk.total(path)]
}

class Walk {
  readonly errors: FieldError[] = []
  readonly #faults: readonly string[]
  readonly #unchanged: boolean
  #total = 0n
  #expensive: Expensive[] = []

  constructor(faults: readonly string[], unchanged: boolean) {
    this.#faults = faults
    this.#unchanged = unchanged
  }

  visit(schema: Schema, context: Context, root: boolean): void {
    const rules = schema['x-kubernetes-validations'] ?? []
    const inScope = context.inScope || rules.length > 0
    const embedded = schema['x-kubernetes-embedded-resource'] === true
    const decl = inScope ? (context.decl ?? declTypeOf(schema, root || embedded, 'selfType')) : undefined
    const here: Context = { ...context, decl, inScope }
    this.#inner(schema, here)
    if (rules.length > 0 && !this.#hasFault(context.path)) this.#rules(schema, rules, here)
  }

  #inner(schema: Schema, context: Context): void {
    const { path, decl } = context
    const values = additionalSchema(schema)
    const cardinality = multiplied(context.cardinality, maxElements(schema))
    const under = { ...context, cardinality }
    if (values !== undefined) {
      this.visit(values, { ...under, path: `${path}.additionalProperties`, decl: decl?.element }, false)
    }
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const field = decl?.fields?.get(escapeName(name) ?? '')
      this.visit(property, { ...under, path: `${path}.properties[${name}]`, decl: field }, false)
    }
    if (schema.items === undefined) return
    const correlated = schema['x-kubernetes-list-type'] === 'map'
    const uncorrelatable = correlated ? context.uncorrelatable : path
    this.visit(schema.items, { ...under, path: `${path}.items`, decl: decl?.element, uncorrelatable }, false)
  }

  #hasFault(path: string): boolean {
    return this.#faults.some((field) => field === path || field.startsWith(`${path}.`))
  }

  #rules(schema: Schema, rules: readonly ValidationRule[], context: Context): void {
    const { decl } = context
    const at = `${context.path}.x-kubernetes-validations`
    if (decl === undefined) {
      const text = 'internal error: failed to construct type information for x-kubernetes-validations rules'
      const message = `Internal error: ${text}: unable to convert structural schema to CEL declarations`
      this.errors.push({ type: 'InternalError', field: at, message })
      return
    }
    for (const [index, compiled] of compileRules(rules, schema, decl).entries()) {
      const path = `${at}[${index}]`
      const cost = multiplied(compiled.maxCost, context.cardinality ?? maxCardinality(decl)) ?? 0n
      this.#costs(`${path}.rule`, 'estimated rule cost', cost)
      this.#complaints(compiled, path)
      if (compiled.message !== undefined) {
        this.#costs(`${path}.messageExpression`, 'estimated messageExpression cost', compiled.messageMaxCost)
      }
      this.#oldSelf(compiled, path, context.uncorrelatable)
    }
  }

  #costs(path: string, name: string, cost: bigint): void {
    if (!this.#unchanged && cost > EXPRESSION_LIMIT) {
      this.errors.push(fieldForbidden(path, tooExpensive(name, cost, EXPRESSION_LIMIT)))
    }
    this.#total = this.#total + cost > MAX ? MAX : this.#total + cost
    if (cost < SCHEMA_LIMIT / 100n) return
    const known = [...this.#expensive, { path, cost }]
    this.#expensive = known.sort((a, b) => (a.cost > b.cost ? -1 : a.cost < b.cost ? 1 : 0)).slice(0, 4)
  }

  #complaints({ rule, error, messageError }: CompiledRule, path: string): void {
    if (error !== undefined) this.errors.push(invalid(`${path}.rule`, goRule(rule), error))
    if (messageError !== undefined) this.errors.push(invalid(`${path}.messageExpression`, goRule(rule), messageError))
  }

  #oldSelf({ rule, usesOldSelf }: CompiledRule, path: string, uncorrelatable: string | undefined): void {
    if (!usesOldSelf && rule.optionalOldSelf !== undefined) {
      const text = 'may not be set if oldSelf is not used in rule'
      this.errors.push(invalid(`${path}.optionalOldSelf`, rule.optionalOldSelf, text))
    }
    if (!usesOldSelf || uncorrelatable === undefined) return
    const text = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`
    this.errors.push(invalid(`${path}.rule`, rule.rule, text))
  }

  total(path: string): FieldError[] {
    if (this.#total <= SCHEMA_LIMIT) return []
    const share = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
    const name = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
    return [
      ...this.#expensive.map((one) => fieldForbidden(one.path, share)),
      fieldForbidden(path, tooExpensive(name, this.#total, SCHEMA_LIMIT)),
    ]
  }
}

function multiplied(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return undefined
  return a * b > MAX ? MAX : a * b
}

/** How many values a level holds for each of its own; undefined: no limit. */
function maxElements({ type, additionalProperties, maxProperties, maxItems }: Schema): bigint | undefined {
  const limit = type === 'array' ? maxItems : maxProperties
  if (type === 'array' || (type === 'object' && additionalProperties !== undefined)) {
    return limit === undefined ? undefined : BigInt(Math.max(0, limit))
  }
  return 1n
}

function tooExpensive(name: string, cost: bigint, limit: bigint): string {
  const factor = Number(cost) / Number(limit)
  const shown = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`
  const advice = 'adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared'
  return `${name} exceeds budget by factor of ${shown} (try simplifying the rule, or ${advice})`
}

/** A rule as upstream's messages print it: every field of the Go struct. */
function goRule(rule: ValidationRule): Record<string, unknown> {
  return {
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  }
}
