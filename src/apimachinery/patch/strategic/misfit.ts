import { isJsonObject } from '../../../lib/json-value.ts'
import { goType } from '../../codec/errors.ts'
import type { ScalarSchema, Schema, StructSchema } from '../../schema.ts'

/**
 * Why the outcome of a strategic merge patch is no object of its type, in the words of upstream's converter, which finds the first field in the
 * type's order; undefined when it is for a value that reads its own text (times, quantities) to say.
 */
export function misfit(schema: Schema, value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined
  switch (schema.kind) {
    case 'struct':
      return isJsonObject(value) ? ofFields(schema, value) : `cannot restore struct from: ${kindOf(value)}`
    case 'map':
      return isJsonObject(value)
        ? first(Object.values(value), schema.values)
        : `cannot restore map from ${kindOf(value)}`
    case 'list':
      return Array.isArray(value) ? first(value, schema.items) : `cannot restore slice from ${kindOf(value)}`
    case 'bytes':
      return typeof value === 'string' ? undefined : `cannot restore slice from ${kindOf(value)}`
    default:
      return ofScalar(schema, value)
  }
}

function ofFields({ fields }: StructSchema, value: Readonly<Record<string, unknown>>): string | undefined {
  for (const { name, schema } of fields.values()) {
    const found = misfit(schema, value[name])
    if (found) return found
  }
  return undefined
}

function first(items: readonly unknown[], schema: Schema): string | undefined {
  for (const item of items) {
    const found = misfit(schema, item)
    if (found) return found
  }
  return undefined
}

/** What Go takes each kind of scalar for. */
const GO_KINDS: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
}

function ofScalar(schema: ScalarSchema, value: unknown): string | undefined {
  const wanted = GO_KINDS[schema.kind]
  if (!wanted) return undefined
  const given = kindOf(value)
  if (given === wanted) return undefined
  const isInteger = wanted === 'int32' || wanted === 'int64'
  if (given === 'int64' && (isInteger || wanted === 'float64')) return undefined
  // Go could make these of each other, which JSON cannot.
  const convertible = (given === 'int64' && wanted === 'string') || (given === 'float64' && isInteger)
  return convertible ? `cannot convert ${given} to ${goType(schema)}` : `unrecognized type: ${wanted}`
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'object') return 'map'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  return typeof value === 'boolean' ? 'bool' : typeof value === 'bigint' ? 'int64' : 'string'
}
