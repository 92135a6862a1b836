import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ScaleSubresource } from '../../apimachinery/resource.ts'
import { type FieldError, type FieldErrorType, invalid } from '../../apimachinery/status.ts'
import { Correlated } from '../../apimachinery/structural/correlation.ts'
import { hasEmbedded, validateEmbedded } from '../../apimachinery/structural/embedded.ts'
import type { JsonSchema } from '../../apimachinery/structural/json-schema.ts'
import { validateListTypes } from '../../apimachinery/structural/list-types.ts'
import {
  type RuleEvaluation,
  type RuleValidator,
  ruleValidatorOf,
} from '../../apimachinery/structural/rules/validator.ts'
import { validateScaleSpec, validateScaleStatus } from '../../apimachinery/structural/scale.ts'
import { validateValue } from '../../apimachinery/structural/validate.ts'
import { nextTurn } from '../../lib/turn.ts'
import { DoAgain } from '../registry/do-again.ts'

const BLOCKING: ReadonlySet<FieldErrorType> = new Set<FieldErrorType>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])
const NOT_CHECKED =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'

/** What the objects of one version must be. */
export interface ObjectRules {
  readonly schema: JsonSchema | undefined
  readonly scale: ScaleSubresource | undefined
}

/** Checks the objects of a version as upstream's strategy does, metadata aside. */
export class ObjectValidator {
  readonly #schema: JsonSchema | undefined
  readonly #scale: ScaleSubresource | undefined
  readonly #embeds: boolean
  /** Rules are compiled when the first object comes; null: there are none. */
  #rules: RuleValidator | null | undefined
  /** Evaluations that give way to others. */
  readonly #begun = new WeakMap<object, RuleEvaluation>()
  readonly #warnings = new WeakMap<object, readonly string[]>()

  constructor({ schema, scale }: ObjectRules) {
    this.#schema = schema
    this.#scale = scale
    this.#embeds = hasEmbedded(schema)
  }

  /** A new object. */
  validateNew(object: Frozen<KubeObject>): FieldError[] {
    const schema = this.#schema
    const errors = [
      ...(schema ? validateValue(object, schema) : []),
      ...(this.#scale ? [...validateScaleSpec(object, this.#scale), ...validateScaleStatus(object, this.#scale)] : []),
      ...(this.#embeds ? validateEmbedded(object, schema) : []),
      ...validateListTypes(object, schema),
    ]
    return [...errors, ...this.#byRules(object, errors)]
  }

  /** A changed object: what did not change need not be valid. */
  validateChanged(object: Frozen<KubeObject>, old: Frozen<KubeObject>): FieldError[] {
    const schema = this.#schema
    const errors = [
      ...(schema ? validateValue(object, schema, '', new Correlated(object, old, schema)) : []),
      ...(this.#scale ? [...validateScaleSpec(object, this.#scale), ...validateScaleStatus(object, this.#scale)] : []),
      ...(this.#embeds ? validateEmbedded(object, schema) : []),
      ...this.#newRepetitions(object, old),
    ]
    return [...errors, ...this.#byRules(object, errors, old)]
  }

  /** A changed status. */
  validateStatus(object: Frozen<KubeObject>, old: Frozen<KubeObject>): FieldError[] {
    const schema = this.#schema
    const property = schema?.properties?.['status']
    const { status } = object as { status?: unknown }
    const correlated = schema && new Correlated(object, old, schema).property('status')
    const errors = [
      ...(property && status !== undefined ? validateValue(status, property, 'status', correlated) : []),
      ...(this.#scale ? validateScaleStatus(object, this.#scale) : []),
      ...(this.#embeds ? validateEmbedded(object, schema) : []),
      ...this.#newRepetitions(object, old),
    ]
    return [...errors, ...this.#byRules(object, errors, old)]
  }

  /** What rules say of an object that was found valid, but may go on being as it was. */
  warningsOf(object: Frozen<KubeObject>): readonly string[] {
    return this.#warnings.get(object) ?? []
  }

  /** Rules are not evaluated on an object whose form is wrong. Throws DoAgain when they take so long that others must have their turn. */
  #byRules(object: Frozen<KubeObject>, errors: readonly FieldError[], old?: Frozen<KubeObject>): readonly FieldError[] {
    const schema = this.#schema
    if (schema === undefined) return []
    this.#rules ??= ruleValidatorOf(schema) ?? null
    if (this.#rules === null) return []
    if (errors.some(({ type }) => BLOCKING.has(type))) return [invalid('<nil>', null, NOT_CHECKED)]
    const evaluation =
      this.#begun.get(object) ?? this.#rules.begin(object, old, old && new Correlated(object, old, schema))
    const outcome = evaluation.advance()
    if (!outcome) {
      this.#begun.set(object, evaluation)
      throw new DoAgain(nextTurn)
    }
    this.#begun.delete(object)
    if (outcome.warnings.length > 0) this.#warnings.set(object, outcome.warnings)
    return outcome.errors
  }

  /** Lists that held something twice before may go on doing so. */
  #newRepetitions(object: Frozen<KubeObject>, old: Frozen<KubeObject>): FieldError[] {
    const found = [...validateListTypes(object, this.#schema)]
    if (found.length === 0) return found
    return [...validateListTypes(old, this.#schema)].length > 0 ? [] : found
  }
}
