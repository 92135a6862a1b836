import { duplicate, type FieldError, invalid } from '../status.ts'
import { additionalSchema, isObject, type JsonSchema } from './json-schema.ts'

/** Lists that are sets or maps hold nothing twice (upstream's listtype.ValidateListSetsAndMaps). */
export function* validateListTypes(value: unknown, schema: JsonSchema | undefined, path = ''): Iterable<FieldError> {
  if (!schema) return
  if (Array.isArray(value)) return yield* validateList(value, schema, path)
  if (!isObject(value)) return
  const { properties = {} } = schema
  const further = additionalSchema(schema)
  for (const [name, field] of Object.entries(value)) {
    if (Object.hasOwn(properties, name)) {
      yield* validateListTypes(field, properties[name], path ? `${path}.${name}` : name)
    } else if (further) yield* validateListTypes(field, further, `${path}[${name}]`)
  }
}

function* validateList(items: readonly unknown[], schema: JsonSchema, path: string): Iterable<FieldError> {
  const listType = schema['x-kubernetes-list-type']
  if (listType === 'set') {
    for (const index of repeated(items)) yield duplicate(`${path}[${index}]`, items[index])
  } else if (listType === 'map') yield* validateMap(items, schema['x-kubernetes-list-map-keys'] ?? [], path)
  for (const [index, item] of items.entries()) yield* validateListTypes(item, schema.items, `${path}[${index}]`)
}

function* validateMap(items: readonly unknown[], names: readonly string[], path: string): Iterable<FieldError> {
  const odd = items.findIndex((item) => item !== null && !isObject(item))
  if (odd >= 0) return yield invalid(`${path}[${odd}]`, items[odd], 'must be an object for an array of list-type map')
  const keys = items.map((item) => {
    const found = isObject(item) ? names.filter((name) => Object.hasOwn(item, name) && item[name] !== undefined) : []
    return Object.fromEntries(found.toSorted().map((name) => [name, (item as Record<string, unknown>)[name]]))
  })
  for (const index of repeated(keys)) yield duplicate(`${path}[${index}]`, keys[index])
}

/** Where something is seen for the second time, once for each. */
function repeated(items: readonly unknown[]): number[] {
  const times = new Map<string, number>()
  return [...items.keys()].filter((index) => {
    const key = textOf(items[index])
    const before = times.get(key) ?? 0
    times.set(key, before + 1)
    return before === 1
  })
}

function textOf(value: unknown): string {
  return (
    JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? { bigint: String(one) } : sorted(one))) ??
    ''
  )
}

function sorted(value: unknown): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value
}
