import { isJsonObject } from '../../../lib/json-value.ts'
import { encodedField, encodedList, encodedPart, encodedValue, isLeftOut } from '../../codec/json/value.ts'
import { planOf, type StructPlan } from '../../codec/plan.ts'
import type { Schema, StructSchema } from '../../schema.ts'
import { CelList, CelMap, type CelValue } from '../values/values.ts'
import { type FromJson, jsonValue } from './json-values.ts'

type JsonObject = Readonly<Record<string, unknown>>

/**
 * An object as a CEL value of what its JSON says (see encodedValue), its types by their looks. What is asked for is read when it is, once: the
 * object must stay as it is meanwhile.
 */
export function encodedObject(schema: StructSchema, object: object): CelValue {
  return new EncodedStruct(schema, object as JsonObject)
}

function read(schema: Schema, value: unknown): CelValue {
  if (schema.kind === 'struct' && isJsonObject(value)) return new EncodedStruct(schema, value)
  if (schema.kind === 'list' && Array.isArray(value)) return new EncodedList(schema.items, value)
  return jsonValue(encodedPart(schema, value))
}

class EncodedStruct extends CelMap implements FromJson {
  readonly #schema: StructSchema
  readonly #plan: StructPlan
  readonly #object: JsonObject
  readonly #known = new Map<string, CelValue | undefined>()
  #raw: JsonObject | undefined

  constructor(schema: StructSchema, object: JsonObject) {
    super()
    this.#schema = schema
    this.#plan = planOf(schema)
    this.#object = object
  }

  get raw(): JsonObject {
    return (this.#raw ??= encodedValue(this.#schema, this.#object))
  }

  get size(): number {
    return Object.keys(this.raw).length
  }

  find(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined
    const known = this.#known.get(key)
    if (known !== undefined || this.#known.has(key)) return known
    const found = this.#find(key)
    this.#known.set(key, found)
    return found
  }

  keys(): Iterable<CelValue> {
    return Object.keys(this.raw)
  }

  #find(key: string): CelValue | undefined {
    const field = this.#plan.byName.get(key)
    if (!field) {
      if (!this.#schema.preserveUnknown || !Object.hasOwn(this.raw, key)) return undefined
      return jsonValue(this.raw[key])
    }
    const value = this.#object[key]
    if (!isLeftOut(field, value)) return read(field.schema, value)
    const encoded = encodedField(field, value)
    return encoded === undefined ? undefined : jsonValue(encoded)
  }
}

class EncodedList extends CelList implements FromJson {
  readonly #items: Schema
  readonly #list: readonly unknown[]
  readonly #known: CelValue[] = []
  #raw: readonly unknown[] | undefined

  constructor(items: Schema, list: readonly unknown[]) {
    super()
    this.#items = items
    this.#list = list
  }

  get raw(): readonly unknown[] {
    return (this.#raw ??= encodedList(this.#items, this.#list))
  }

  get size(): number {
    return this.#list.length
  }

  get(index: number): CelValue {
    return (this.#known[index] ??= read(this.#items, this.#list[index]))
  }
}
