import { equalJson } from '../../lib/json-value.ts'
import { additionalSchema, isObject, type JsonSchema } from './json-schema.ts'

/**
 * A value of a new object with the value of the old one that it takes the place of, so that what did not change need not be valid
 * (upstream's CorrelatedObject). Lists correlate by their keys when they are maps, otherwise only as a whole.
 */
export class Correlated {
  readonly value: unknown
  readonly old: unknown
  readonly schema: JsonSchema
  #isEqual: boolean | undefined
  #oldByKey: ReadonlyMap<string, unknown> | undefined

  constructor(value: unknown, old: unknown, schema: JsonSchema) {
    this.value = value
    this.old = old
    this.schema = schema
  }

  /** Whether nothing changed; found out once. */
  get isUnchanged(): boolean {
    return (this.#isEqual ??= this.#compare())
  }

  /** Lists that are maps may be in another order. What the schema says nothing of is not known to be the same, as upstream. */
  #compare(): boolean {
    const { value, old, schema } = this
    if (Array.isArray(value) && Array.isArray(old)) {
      if (schema['x-kubernetes-list-type'] !== 'map') return equalJson(value, old)
      return value.length === old.length && value.every((_item, index) => this.item(index)?.isUnchanged === true)
    }
    if (!isObject(value) || !isObject(old)) return equalJson(value, old)
    const names = Object.keys(value)
    if (names.length !== Object.keys(old).length) return false
    return names.every((name) => this.property(name)?.isUnchanged === true)
  }

  /** The value of a property or key in both; undefined when one has none. */
  property(name: string): Correlated | undefined {
    const { value, old, schema } = this
    if (!isObject(value) || !isObject(old) || !Object.hasOwn(value, name) || !Object.hasOwn(old, name)) return undefined
    const { properties = {} } = schema
    const nested = Object.hasOwn(properties, name) ? properties[name] : additionalSchema(schema)
    return nested && new Correlated(value[name], old[name], nested)
  }

  /** The item at an index with the old one of the same keys; undefined when there was none. */
  item(index: number): Correlated | undefined {
    const { value, old, schema } = this
    if (schema['x-kubernetes-list-type'] !== 'map' || !schema.items || !Array.isArray(value) || !Array.isArray(old)) {
      return undefined
    }
    const keys = schema['x-kubernetes-list-map-keys'] ?? []
    this.#oldByKey ??= new Map(old.toReversed().map((item: unknown) => [keyOf(item, keys), item]))
    const item: unknown = value[index]
    const before = this.#oldByKey.get(keyOf(item, keys))
    return isObject(before) ? new Correlated(item, before, schema.items) : undefined
  }
}

function keyOf(item: unknown, keys: readonly string[]): string {
  const text = (value: unknown): string => (typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? ''))
  return JSON.stringify(keys.map((key) => (isObject(item) ? text(item[key]) : '')))
}
