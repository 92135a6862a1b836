import { isObject, type JsonSchema } from '../json-schema.ts'

/** Finds the old item of the same keys in a list that is a map; in any other list nothing is found. */
export function mapListOf(schema: JsonSchema, old: unknown): (item: unknown) => unknown {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (schema['x-kubernetes-list-type'] !== 'map' || keys.length === 0 || !Array.isArray(old)) return () => undefined
  const keyOf = (item: unknown): string | undefined =>
    isObject(item) ? JSON.stringify(keys.map((key) => textOf(valueOf(item, key, schema)))) : undefined
  const byKey = new Map(old.map((item: unknown) => [keyOf(item), item]))
  return (item) => {
    const key = keyOf(item)
    return key === undefined ? undefined : byKey.get(key)
  }
}

/** A key that is absent stands for its default. */
function valueOf(item: Readonly<Record<string, unknown>>, key: string, schema: JsonSchema): unknown {
  return Object.hasOwn(item, key) ? item[key] : schema.items?.properties?.[key]?.default
}

function textOf(value: unknown): unknown {
  return typeof value === 'bigint' ? `int ${value}` : value
}
