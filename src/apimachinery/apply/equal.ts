import { equalJson, isJsonObject } from '../../lib/json-value.ts'
import { planOf, printedValue } from '../codec/plan.ts'
import type { Schema, StructSchema } from '../schema.ts'

/**
 * Whether two values are equal as the API prints them: what is always written counts when it is absent, and what is
 * left out when it is empty does not count.
 */
export function equalPrinted(schema: Schema, a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false
    if (schema.kind !== 'list') return equalJson(a, b)
    return a.every((item, index) => equalPrinted(schema.items, item, b[index]))
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return equalJson(a, b)
  if (schema.kind === 'struct' && schema.name !== '') return equalStructs(schema, a, b)
  return schema.kind === 'map' ? equalMaps(schema.values, a, b) : equalJson(a, b)
}

function equalStructs(schema: StructSchema, a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const { byName } = planOf(schema)
  const equalField = (key: string): boolean => {
    const field = byName.get(key)
    return !field || equalPrinted(field.schema, printedValue(field, a[key]), printedValue(field, b[key]))
  }
  return Object.keys(a).every(equalField) && Object.keys(b).every((key) => Object.hasOwn(a, key) || equalField(key))
}

function equalMaps(values: Schema, a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equalPrinted(values, a[key], b[key]))
  )
}
