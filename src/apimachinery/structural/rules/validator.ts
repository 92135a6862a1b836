import {
  type CelValue,
  declTypeOf,
  type DeclType,
  escapeName,
  isError,
  MAX_EVALUATED_MESSAGE_EXPRESSION_SIZE_BYTES,
  NONE,
  Optional,
  PER_CALL_LIMIT,
  type Program,
  type Reader,
  readerOf,
  RUNTIME_COST_BUDGET,
  Slice,
  withTypeAndObjectMeta,
} from '../../cel/index.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { FieldError } from '../../status.ts'
import type { Correlated } from '../correlation.ts'
import { additionalSchema, isObject, type JsonSchema, type ValidationRule } from '../json-schema.ts'
import { type CompiledRule, compileRules } from './compile.ts'
import { outOfBudget, ruleError, ruleFailure, ruleText, typed } from './errors.ts'
import { mapListOf } from './map-list.ts'

/** What the rules say of an object. */
export interface RuleOutcome {
  readonly errors: readonly FieldError[]
  /** Failures of what did not change, which are forgiven. */
  readonly warnings: readonly string[]
}

/** The validator of a schema's rules at all levels; undefined if it has none. */
export function ruleValidatorOf(schema: JsonSchema): RuleValidator | undefined {
  const node = hasRules(schema) ? nodeOf(schema, schema, true, declTypeOf(schema, true, 'selfType')) : undefined
  return node && new RuleValidator(node)
}

/** Evaluates the rules of a schema on objects, within the budget of one object. */
export class RuleValidator {
  readonly #root: RuleNode
  constructor(root: RuleNode) {
    this.#root = root
  }

  /** `old` and `correlated` are given for a change. Nothing is evaluated yet. */
  begin(object: unknown, old?: unknown, correlated?: Correlated): RuleEvaluation {
    const place = { path: '', value: object, old, ratchet: { current: correlated, nearest: undefined } }
    return new RuleEvaluation(this.#root, place)
  }
}

/** The evaluation of the rules on one object, a slice at a time. */
export class RuleEvaluation {
  readonly #run = new Run()
  readonly #steps: Generator<undefined, void>

  constructor(node: RuleNode, place: Place) {
    this.#steps = this.#run.validate(node, place)
  }

  /** Goes on; undefined when it has lasted long enough for now. */
  advance(): RuleOutcome | undefined {
    return this.#steps.next().done ? this.#run.outcome : undefined
  }
}

/** A level of a schema with rules at it or below. */
interface RuleNode {
  readonly schema: JsonSchema
  readonly rules: readonly CompiledRule[]
  /** Whether any rule here looks at the old value. */
  readonly usesOldSelf: boolean
  readonly read: Reader
  readonly items: RuleNode | undefined
  readonly values: RuleNode | undefined
  readonly properties: ReadonlyMap<string, RuleNode>
  readonly allOf: readonly RuleNode[]
}

function hasRules(schema: JsonSchema | undefined): boolean {
  if (schema === undefined) return false
  if (schema['x-kubernetes-validations']?.length) return true
  return [schema.items, additionalSchema(schema), ...Object.values(schema.properties ?? {})].some(hasRules)
}

/** `rules` is the schema the rules are in: for a branch of allOf another than the one that says what the data is. */
function nodeOf(
  rules: JsonSchema,
  schema: JsonSchema,
  root: boolean,
  decl: DeclType | undefined,
): RuleNode | undefined {
  const compiled = compileRules(rules['x-kubernetes-validations'] ?? [], schema, decl)
  const [ruleValues, values] = [additionalSchema(rules), additionalSchema(schema)]
  const node: RuleNode = {
    schema,
    rules: compiled,
    usesOldSelf: compiled.some((rule) => rule.usesOldSelf),
    read: compiled.length === 0 ? () => null : readerOf(root ? withTypeAndObjectMeta(schema) : schema),
    items: rules.items && schema.items && innerNode(rules.items, schema.items, decl?.element),
    values: ruleValues && values && innerNode(ruleValues, values, decl?.element),
    properties: propertyNodes(rules, schema, decl),
    allOf: (rules.allOf ?? []).flatMap((branch) => nodeOf(branch, schema, root, decl) ?? []),
  }
  const { items, properties, allOf } = node
  const empty = compiled.length === 0 && !items && !node.values && properties.size === 0 && allOf.length === 0
  return empty ? undefined : node
}

function innerNode(rules: JsonSchema, schema: JsonSchema, decl: DeclType | undefined): RuleNode | undefined {
  return nodeOf(rules, schema, schema['x-kubernetes-embedded-resource'] === true, decl)
}

function propertyNodes(rules: JsonSchema, schema: JsonSchema, decl: DeclType | undefined): Map<string, RuleNode> {
  const nodes = new Map<string, RuleNode>()
  for (const [name, property] of Object.entries(rules.properties ?? {})) {
    const own = schema.properties?.[name]
    if (own === undefined) continue
    const escaped = escapeName(name)
    const embedded = own['x-kubernetes-embedded-resource'] === true
    const field = escaped === undefined ? declTypeOf(own, embedded, 'selfType') : decl?.fields?.get(escaped)
    const node = field && innerNode(property, own, field)
    if (node !== undefined) nodes.set(name, node)
  }
  return nodes
}

/** Whether a failure is forgiven: the value, or the nearest one around it that has an old one, did not change. */
interface Ratchet {
  readonly current: Correlated | undefined
  readonly nearest: Correlated | undefined
}

function forgives({ current, nearest }: Ratchet): boolean {
  return (current ?? nearest)?.isUnchanged ?? false
}

/** A value under a path, with the old one in its place. */
interface Place {
  readonly path: string
  readonly value: unknown
  readonly old: unknown
  readonly ratchet: Ratchet
}

const isNull = (value: unknown): boolean => value === null || value === undefined

/** One object's validation. A budget below zero ends it. Yields between rules when it is others' turn. */
class Run {
  readonly errors: FieldError[] = []
  readonly warnings: string[] = []
  readonly #slice = new Slice()
  #budget = RUNTIME_COST_BUDGET

  get outcome(): RuleOutcome {
    return { errors: this.errors, warnings: this.warnings }
  }

  *validate(node: RuleNode, place: Place): Generator<undefined, void> {
    if (isNull(place.value)) return
    yield* this.#evaluate(node, place)
    for (const branch of node.allOf) {
      if (this.#budget < 0) return
      yield* this.validate(branch, { ...place, ratchet: { current: undefined, nearest: place.ratchet.nearest } })
    }
    if (this.#budget < 0) return
    if (Array.isArray(place.value)) yield* this.#items(node, place, place.value)
    else if (isObject(place.value)) yield* this.#fields(node, place, place.value)
  }

  *#items(node: RuleNode, { path, old, ratchet }: Place, items: readonly unknown[]): Generator<undefined, void> {
    if (node.items === undefined) return
    const before = mapListOf(node.schema, old)
    for (const [index, value] of items.entries()) {
      const { current } = ratchet
      const inner = current === undefined ? ratchet : { current: current.item(index), nearest: current }
      yield* this.validate(node.items, { path: `${path}[${index}]`, value, old: before(value), ratchet: inner })
      if (this.#budget < 0) return
    }
  }

  *#fields(node: RuleNode, place: Place, fields: Readonly<Record<string, unknown>>): Generator<undefined, void> {
    const old = isObject(place.old) ? place.old : {}
    for (const [name, value] of Object.entries(fields)) {
      const before = Object.hasOwn(old, name) ? old[name] : undefined
      const inner = { value, old: before, ratchet: ratchetOf(place.ratchet, name) }
      if (node.values !== undefined) yield* this.validate(node.values, { path: `${place.path}[${name}]`, ...inner })
      if (this.#budget < 0) return
      const property = node.properties.get(name)
      if (property === undefined) continue
      yield* this.validate(property, { path: place.path === '' ? name : `${place.path}.${name}`, ...inner })
      if (this.#budget < 0) return
    }
  }

  *#evaluate(node: RuleNode, place: Place): Generator<undefined, void> {
    if (node.rules.length === 0) return
    if (this.#budget <= 0) {
      this.errors.push(outOfBudget(node, place.path))
      this.#budget = -1
      return
    }
    const self = node.read(place.value)
    const old = node.usesOldSelf && !isNull(place.old) ? node.read(place.old) : undefined
    for (const compiled of node.rules) {
      this.#rule(node, compiled, place, { self, old })
      if (this.#budget < 0) return
      if (this.#slice.over()) yield
    }
  }

  #rule(node: RuleNode, compiled: CompiledRule, place: Place, values: Values): void {
    const { rule, program, error } = compiled
    if (error !== undefined) {
      this.errors.push(typed(node, place.path, `rule compile error: ${error}`))
      return
    }
    if (program === undefined || (compiled.usesOldSelf && isNull(place.old) && !rule.optionalOldSelf)) return
    const { value, cost } = program.evaluate(variablesFor(rule, node, values), PER_CALL_LIMIT)
    this.#slice.spend(cost)
    if (cost > this.#budget) {
      this.errors.push(outOfBudget(node, place.path))
      this.#budget = -1
      return
    }
    this.#budget -= cost
    if (value === true) return
    if (isError(value)) {
      const { problem, final } = ruleError(value.message, rule)
      this.errors.push(typed(node, place.path, problem))
      if (final) this.#budget = -1
      return
    }
    this.#failed(node, compiled, place, values)
  }

  #failed(node: RuleNode, compiled: CompiledRule, place: Place, values: Values): void {
    const path = compiled.fieldPath === '' ? place.path : [place.path, compiled.fieldPath].filter(Boolean).join('.')
    const forgiven = !compiled.usesOldSelf && forgives(place.ratchet)
    const add = (error: FieldError): void => {
      if (forgiven) this.warnings.push(`${error.field}: ${error.message}`)
      else this.errors.push(error)
    }
    const message = this.#message(compiled, values)
    if (message.final !== undefined) {
      add(typed(node, path, message.final))
      this.#budget = -1
      return
    }
    add(ruleFailure(node, path, place.value, { rule: compiled.rule, detail: message.text ?? ruleText(compiled.rule) }))
  }

  /** What the message's expression gives; no text if it gives none that can be used. */
  #message({ message, rule }: CompiledRule, values: Values): { text?: string; final?: string } {
    if (message === undefined) return {}
    const { value, cost, exceeded } = evaluateMessage(message, values)
    this.#slice.spend(cost)
    if (cost > this.#budget) {
      const why = 'running out of cost budget, no further validation rules will be run'
      return { final: `messageExpression evaluation failed due to ${why}` }
    }
    if (exceeded) {
      const source = goQuote(rule.messageExpression ?? '')
      const why = 'no further validation rules will be run due to call cost exceeds limit for messageExpression'
      return { final: `${why}: ${source}` }
    }
    this.#budget -= cost
    if (typeof value !== 'string') return {}
    const text = value.trim()
    const tooLong = new TextEncoder().encode(text).length > MAX_EVALUATED_MESSAGE_EXPRESSION_SIZE_BYTES
    return tooLong || text === '' || text.includes('\n') ? {} : { text }
  }
}

interface Values {
  readonly self: CelValue
  readonly old: CelValue | undefined
}

function variablesFor(rule: ValidationRule, node: RuleNode, { self, old }: Values): Record<string, CelValue> {
  if (rule.optionalOldSelf && node.usesOldSelf) return { self, oldSelf: old === undefined ? NONE : new Optional(old) }
  return old === undefined ? { self } : { self, oldSelf: old }
}

function evaluateMessage(message: Program, { self, old }: Values): ReturnType<Program['evaluate']> {
  return message.evaluate(old === undefined ? { self } : { self, oldSelf: old }, PER_CALL_LIMIT)
}

/** A field's. Of apiVersion and kind changes cannot be seen. */
function ratchetOf(ratchet: Ratchet, name: string): Ratchet {
  const { current, nearest } = ratchet
  if (current === undefined) return ratchet
  if (nearest === undefined && (name === 'apiVersion' || name === 'kind')) {
    return { current: undefined, nearest: undefined }
  }
  return { current: current.property(name), nearest: current }
}
