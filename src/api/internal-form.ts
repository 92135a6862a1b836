import type { FieldSchema, Schema } from '../apimachinery/schema.ts'
import { schemaFor } from './schema-for.ts'

/** Go's names that are more than the JSON name with a capital. */
const GO_NAMES: Readonly<Record<string, string>> = { seLinuxOptions: 'SELinuxOptions', uid: 'UID' }

/**
 * A value as upstream's own Go type of it prints inside a message: every field that there is, by its Go name and in Go's order.
 * `model` is the OpenAPI name of the published type, of which the internal one has the fields.
 */
export function internalForm(model: string, value: unknown): unknown {
  return formOf(schemaFor(model), value)
}

function formOf(schema: Schema, value: unknown): unknown {
  if (schema.kind === 'struct') {
    const given = (value ?? {}) as Readonly<Record<string, unknown>>
    return Object.fromEntries([...schema.fields.values()].map((field) => [goName(field), fieldForm(field, given)]))
  }
  if (schema.kind === 'list' && Array.isArray(value)) return value.map((item) => formOf(schema.items, item))
  if (schema.kind === 'map' && typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, formOf(schema.values, item)]))
  }
  return value ?? unset(schema)
}

function fieldForm({ name, schema, pointer }: FieldSchema, given: Readonly<Record<string, unknown>>): unknown {
  const value = given[name]
  return pointer && (value === undefined || value === null) ? null : formOf(schema, value)
}

const goName = ({ name }: FieldSchema): string => GO_NAMES[name] ?? name.charAt(0).toUpperCase() + name.slice(1)

function unset({ kind }: Schema): unknown {
  if (kind === 'string') return ''
  if (kind === 'boolean') return false
  return kind === 'int32' || kind === 'int64' ? 0 : null
}

/** Back from `internalForm`; names may be in any case, as Go's decoder takes them, and nulls stand for absent fields. */
export function fromInternalForm(model: string, value: unknown): unknown {
  return backFrom(schemaFor(model), value)
}

function backFrom(schema: Schema, value: unknown): unknown {
  if (schema.kind === 'list') return Array.isArray(value) ? value.map((item) => backFrom(schema.items, item)) : value
  if (schema.kind !== 'struct' || typeof value !== 'object' || value === null) return value
  const byName = new Map([...schema.fields.values()].map((field) => [goName(field).toLowerCase(), field]))
  const entries = Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
    const field = byName.get(key.toLowerCase())
    return field && item !== null ? [[field.name, backFrom(field.schema, item)] as const] : []
  })
  return Object.fromEntries(entries)
}
