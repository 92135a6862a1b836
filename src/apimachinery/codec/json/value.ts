import { isJsonObject } from '../../../lib/json-value.ts'
import { setOwn } from '../../../lib/own.ts'
import type { Schema, StructSchema } from '../../schema.ts'
import { type FieldPlan, isEmptyValue, planOf } from '../plan.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** What parsing `encodeJson(schema, object)` gives, made without the text: a value of its own, that shares nothing. Exact integers stay exact. */
export function encodedValue(schema: StructSchema, object: object): Record<string, unknown> {
  return structValue(schema, object as JsonObject)
}

function structValue(schema: StructSchema, value: JsonObject): Record<string, unknown> {
  const { fields, byName } = planOf(schema)
  const made: Record<string, unknown> = {}
  for (const field of fields) {
    const encoded = encodedField(field, value[field.name])
    if (encoded !== undefined) setOwn(made, field.name, encoded)
  }
  if (schema.preserveUnknown) {
    for (const key of Object.keys(value).sort())
      if (!byName.has(key) && value[key] !== undefined) setOwn(made, key, jsonOf(value[key]))
  }
  return made
}

/** Whether a field's value is as good as none. */
export function isLeftOut(field: FieldPlan, value: unknown): boolean {
  return value === undefined || value === null || ((field.omitsEmpty || field.emptyIsAbsent) && isEmptyValue(value))
}

/** A field's value; undefined when the field is left out. */
export function encodedField(field: FieldPlan, value: unknown): unknown {
  if (!isLeftOut(field, value)) return encodedPart(field.schema, value)
  if (value === null && field.field.nullable) return null
  return field.whenAbsent === undefined ? undefined : (JSON.parse(field.whenAbsent) as unknown)
}

/** The same of a part of an object. */
export function encodedPart(schema: Schema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return jsonOf(value)
  switch (schema.kind) {
    case 'struct':
      return isJsonObject(value) ? structValue(schema, value) : jsonOf(value)
    case 'map':
      return isJsonObject(value) ? mapValue(schema.values, value) : jsonOf(value)
    case 'list':
      return Array.isArray(value) ? encodedList(schema.items, value) : jsonOf(value)
    default:
      return jsonOf(value)
  }
}

export function encodedList(items: Schema, list: readonly unknown[]): unknown[] {
  return list.map((item) => encodedPart(items, item))
}

function mapValue(values: Schema, value: JsonObject): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  const keys = Object.keys(value)
  if (keys.length > 1) keys.sort()
  for (const key of keys) if (value[key] !== undefined) setOwn(made, key, encodedPart(values, value[key]))
  return made
}

/** Of a value without a schema; what has no JSON is null. */
function jsonOf(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'object':
      break
    default:
      return null
  }
  if (value === null) return null
  if (Array.isArray(value)) return value.map(jsonOf)
  const made: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const part = (value as JsonObject)[key]
    if (part !== undefined) setOwn(made, key, jsonOf(part))
  }
  return made
}
