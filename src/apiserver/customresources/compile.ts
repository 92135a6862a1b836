import type { FieldSchema, ListSchema, Schema, StructSchema } from '../../apimachinery/schema.ts'
import { additionalSchema, type JsonSchema } from '../../apimachinery/structural/json-schema.ts'

/** What every object has besides what its schema says; its metadata is upstream's ObjectMeta. */
export interface ObjectFields {
  readonly apiVersion: FieldSchema
  readonly kind: FieldSchema
  readonly metadata: FieldSchema
}

/** The shape of a custom resource, for pruning, patches and apply. Without a schema everything is kept. */
export function compileObject(schema: JsonSchema | undefined, object: ObjectFields): StructSchema {
  const own = schema
    ? compileStruct(schema, object)
    : { kind: 'struct' as const, name: '', fields: new Map(), preserveUnknown: true }
  const fields = new Map<string, FieldSchema>(own.fields)
  for (const field of [object.apiVersion, object.kind, object.metadata]) fields.set(field.name, field)
  return { ...own, fields }
}

function compile(schema: JsonSchema, object: ObjectFields): Schema {
  if (schema['x-kubernetes-int-or-string']) return { kind: 'intOrString' }
  switch (schema.type) {
    case 'object':
      return compileMapOrStruct(schema, object)
    case 'array':
      return compileList(schema, object)
    case 'string':
    case 'boolean':
      return { kind: schema.type }
    case 'integer':
      return { kind: 'int64' }
    case 'number':
      return { kind: 'double' }
    default:
      return schema.properties || schema['x-kubernetes-preserve-unknown-fields']
        ? untyped(schema, object)
        : { kind: 'any' }
  }
}

/** Without a type a value may be anything; if it is an object, its known fields are still looked into. */
function untyped(schema: JsonSchema, object: ObjectFields): Schema {
  return schema.properties ? compileStruct(schema, object) : { kind: 'any' }
}

function compileMapOrStruct(schema: JsonSchema, object: ObjectFields): Schema {
  const values = additionalSchema(schema)
  const mapType = schema['x-kubernetes-map-type']
  if (!schema.properties && (values || schema.additionalProperties === true)) {
    return { kind: 'map', values: values ? compile(values, object) : { kind: 'any' }, ...(mapType && { mapType }) }
  }
  return compileStruct(schema, object)
}

function compileStruct(schema: JsonSchema, object: ObjectFields): StructSchema {
  const fields = new Map<string, FieldSchema>()
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    fields.set(name, {
      name,
      schema: compile(property, object),
      // Presence counts: an empty value is not the same as none.
      pointer: true,
      ...(property.nullable && { nullable: true }),
      ...(property.default !== undefined && { default: property.default }),
      ...(schema.required?.includes(name) && { required: true }),
    })
  }
  if (schema['x-kubernetes-embedded-resource']) {
    for (const field of [object.apiVersion, object.kind, object.metadata]) fields.set(field.name, field)
  }
  const mapType = schema['x-kubernetes-map-type']
  return {
    kind: 'struct',
    name: '',
    fields,
    ...(mapType && { mapType }),
    ...(schema['x-kubernetes-preserve-unknown-fields'] && { preserveUnknown: true }),
    ...(schema['x-kubernetes-embedded-resource'] && { embeddedResource: true }),
  }
}

function compileList(schema: JsonSchema, object: ObjectFields): ListSchema {
  const listType = schema['x-kubernetes-list-type']
  const listMapKeys = schema['x-kubernetes-list-map-keys']
  return {
    kind: 'list',
    items: schema.items ? compile(schema.items, object) : { kind: 'any' },
    ...(listType && { listType }),
    ...(listMapKeys && { listMapKeys }),
  }
}
