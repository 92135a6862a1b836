import { isKnownFormat } from './formats.ts'
import type { JsonSchema } from './json-schema.ts'

/** What JSON calls the type of a value; numbers that only a float can hold are no integers. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'bigint') return 'integer'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number'
  return typeof value
}

/** The types that a schema allows; none when it does not say. */
export function typesOf(schema: JsonSchema): readonly string[] {
  if (schema['x-kubernetes-int-or-string']) return INT_OR_STRING
  return schema.type ? [schema.type] : NONE
}

const INT_OR_STRING = ['integer', 'string']
const NONE: readonly string[] = []

/** A schema's format, unless nobody knows it for the schema's type: then it is not looked at. */
export function checkedFormat(schema: JsonSchema): string | undefined {
  const { format } = schema
  return format && isRecognized(schema, format) ? format : undefined
}

/** Whether a format means anything for the type of a schema. */
export function isRecognized(schema: JsonSchema, format: string): boolean {
  const types = typesOf(schema)
  switch (types.length === 1 ? types[0] : '') {
    case '':
    case 'string':
      return isKnownFormat(format)
    case 'integer':
      return format === 'int32' || format === 'int64'
    case 'number':
      return format === 'float' || format === 'double'
    default:
      return false
  }
}
