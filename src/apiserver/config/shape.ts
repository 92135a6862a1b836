import type {
  FieldSchema,
  ListSchema,
  MapSchema,
  ScalarSchema,
  Schema,
  StructSchema,
} from '../../apimachinery/schema.ts'

/** The shape of a configuration's struct; Go's error texts name it by `name`, such as `v1.JWTAuthenticator`. */
export function struct(name: string, fields: Readonly<Record<string, Schema>>): StructSchema {
  const entries = Object.entries(fields).map(([field, schema]) => [field, fieldOf(field, schema)] as const)
  return { kind: 'struct', name, fields: new Map(entries) }
}

/** Of a whole document: with apiVersion and kind. */
export function document(name: string, fields: Readonly<Record<string, Schema>>): StructSchema {
  return struct(name, { kind: string, apiVersion: string, ...fields })
}

export const string: ScalarSchema = { kind: 'string' }
export const boolean: ScalarSchema = { kind: 'boolean' }
export const int32: ScalarSchema = { kind: 'int32' }
export const int64: ScalarSchema = { kind: 'int64' }
/** Go's duration string. */
export const duration: ScalarSchema = { kind: 'duration' }
/** base64. */
export const bytes: ScalarSchema = { kind: 'bytes' }
/** Any object, kept as it is. */
export const raw: ScalarSchema = { kind: 'rawExtension' }

export function list(items: Schema): ListSchema {
  return { kind: 'list', items }
}

export function map(values: Schema): MapSchema {
  return { kind: 'map', values }
}

/** Every field is kept when it is empty: of a configuration what was written counts, and `""` is not the same as nothing. */
function fieldOf(name: string, schema: Schema): FieldSchema {
  return { name, schema, pointer: true }
}
