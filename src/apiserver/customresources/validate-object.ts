import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ScaleSubresource } from '../../apimachinery/resource.ts'
import type { FieldError } from '../../apimachinery/status.ts'
import { Correlated } from '../../apimachinery/structural/correlation.ts'
import { hasEmbedded, validateEmbedded } from '../../apimachinery/structural/embedded.ts'
import type { JsonSchema } from '../../apimachinery/structural/json-schema.ts'
import { validateListTypes } from '../../apimachinery/structural/list-types.ts'
import { validateScaleSpec, validateScaleStatus } from '../../apimachinery/structural/scale.ts'
import { validateValue } from '../../apimachinery/structural/validate.ts'

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

  constructor({ schema, scale }: ObjectRules) {
    this.#schema = schema
    this.#scale = scale
    this.#embeds = hasEmbedded(schema)
  }

  /** A new object. */
  validateNew(object: Frozen<KubeObject>): FieldError[] {
    const schema = this.#schema
    return [
      ...(schema ? validateValue(object, schema) : []),
      ...(this.#scale ? [...validateScaleSpec(object, this.#scale), ...validateScaleStatus(object, this.#scale)] : []),
      ...(this.#embeds ? validateEmbedded(object, schema) : []),
      ...validateListTypes(object, schema),
    ]
  }

  /** A changed object: what did not change need not be valid. */
  validateChanged(object: Frozen<KubeObject>, old: Frozen<KubeObject>): FieldError[] {
    const schema = this.#schema
    return [
      ...(schema ? validateValue(object, schema, '', new Correlated(object, old, schema)) : []),
      ...(this.#scale ? [...validateScaleSpec(object, this.#scale), ...validateScaleStatus(object, this.#scale)] : []),
      ...(this.#embeds ? validateEmbedded(object, schema) : []),
      ...this.#newRepetitions(object, old),
    ]
  }

  /** A changed status. */
  validateStatus(object: Frozen<KubeObject>, old: Frozen<KubeObject>): FieldError[] {
    const schema = this.#schema
    const property = schema?.properties?.['status']
    const { status } = object as { status?: unknown }
    const correlated = schema && new Correlated(object, old, schema).property('status')
    return [
      ...(property && status !== undefined ? validateValue(status, property, 'status', correlated) : []),
      ...(this.#scale ? validateScaleStatus(object, this.#scale) : []),
      ...(this.#embeds ? validateEmbedded(object, schema) : []),
      ...this.#newRepetitions(object, old),
    ]
  }

  /** Lists that held something twice before may go on doing so. */
  #newRepetitions(object: Frozen<KubeObject>, old: Frozen<KubeObject>): FieldError[] {
    const found = [...validateListTypes(object, this.#schema)]
    if (found.length === 0) return found
    return [...validateListTypes(old, this.#schema)].length > 0 ? [] : found
  }
}
