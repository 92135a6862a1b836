import { additionalSchema, isObject, type JsonSchema } from './json-schema.ts'

const META: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

/** Whether pruning by the schema would take nothing away. */
export function isPruned(value: unknown, schema: JsonSchema | undefined): boolean {
  if (Array.isArray(value)) return value.every((item) => isPruned(item, schema?.items))
  if (!isObject(value)) return true
  if (!schema) return Object.keys(value).length === 0
  const { properties = {}, additionalProperties } = schema
  const keepsAll = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true
  const further = additionalSchema(schema)
  return Object.entries(value).every(([name, field]) => {
    if (schema['x-kubernetes-embedded-resource'] && META.has(name)) return true
    if (Object.hasOwn(properties, name)) return isPruned(field, properties[name])
    return further ? isPruned(field, further) : keepsAll
  })
}
