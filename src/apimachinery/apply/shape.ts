import { isJsonObject } from '../../lib/json-value.ts'
import { planOf } from '../codec/plan.ts'
import type { FieldPlan, StructPlan } from '../codec/plan.ts'
import type { FieldSchema, ListSchema, ScalarSchema, Schema, StructSchema } from '../schema.ts'
import type { PathElement } from './path-element.ts'

/**
 * How apply sees a type: a leaf is owned as a whole, a struct or map by its entries, an associative list by its items.
 */
export type Shape =
  | { readonly type: 'leaf'; readonly schema: Schema }
  | StructShape
  | { readonly type: 'map'; readonly values: Schema }
  | ListShape
  /** Whatever the value says. */
  | { readonly type: 'any' }

export interface StructShape {
  readonly type: 'struct'
  readonly plan: StructPlan
  readonly fields: ReadonlyMap<string, FieldShape>
  /** Of fields that are not declared; undefined when there may be none. */
  readonly rest: Schema | undefined
}

export interface FieldShape {
  readonly element: PathElement
  readonly schema: Schema
  readonly plan: FieldPlan
}

export interface ListShape {
  readonly type: 'list'
  readonly items: Schema
  /** The names of the key fields, sorted, with their defaults; none for a set. */
  readonly keys: readonly { readonly name: string; readonly default: unknown }[]
  /** The same names as declared. */
  readonly names: readonly string[]
}

/** A value of any type, owned by its entries where it is an object. */
export const ANY: ScalarSchema = { kind: 'any' }
const ANY_SHAPE: Shape = { type: 'any' }

const shapes = new WeakMap<Schema, Shape>()

/** The shape of a type; made once. */
export function shapeOf(schema: Schema): Shape {
  let shape = shapes.get(schema)
  if (!shape) {
    shape = makeShape(schema)
    shapes.set(schema, shape)
  }
  return shape
}

function makeShape(schema: Schema): Shape {
  switch (schema.kind) {
    case 'struct':
      return schema.mapType === 'atomic' ? { type: 'leaf', schema } : structShape(schema)
    case 'map':
      return schema.mapType === 'atomic' ? { type: 'leaf', schema } : { type: 'map', values: schema.values }
    case 'list':
      return listShape(schema)
    case 'any':
    case 'fieldsV1':
    case 'schemaOrArray':
    case 'schemaOrBool':
    case 'schemaOrStrings':
      return ANY_SHAPE
    default:
      return { type: 'leaf', schema }
  }
}

function structShape(schema: StructSchema): StructShape {
  const plan = planOf(schema)
  const fields = plan.fields.map((field): [string, FieldShape] => [
    field.name,
    {
      element: `f:${field.name}`,
      schema: listByPatchStrategy(field.field),
      plan: field,
    },
  ])
  return { type: 'struct', plan, fields: new Map(fields), rest: schema.preserveUnknown ? ANY : undefined }
}

/** A list without a list type is one of its patch strategy, if that merges. */
function listByPatchStrategy({ schema, patchStrategy, patchMergeKey }: FieldSchema): Schema {
  if (schema.kind !== 'list' || schema.listType || !patchStrategy?.includes('merge')) return schema
  return patchMergeKey ? { ...schema, listType: 'map', listMapKeys: [patchMergeKey] } : { ...schema, listType: 'set' }
}

function listShape(schema: ListSchema): Shape {
  if (schema.listType === undefined || schema.listType === 'atomic') return { type: 'leaf', schema }
  const { items } = schema
  const keys = schema.listType === 'map' ? (schema.listMapKeys ?? []).toSorted() : []
  return {
    type: 'list',
    items,
    names: schema.listMapKeys ?? [],
    keys: keys.map((name) => ({ name, default: items.kind === 'struct' ? keyDefault(items, name) : undefined })),
  }
}

/** The default that OpenAPI publishes: the explicit one, or the zero value of a field that is always written. */
function keyDefault(schema: StructSchema, name: string): unknown {
  const field = planOf(schema).byName.get(name)
  if (field?.field.default !== undefined) return field.field.default
  return field?.field.pointer ? undefined : field?.absentValue
}

/** The shape that a value of any type takes: objects by entries, the rest as wholes. */
export function shapeOfValue(shape: Shape, value: unknown): Shape {
  if (shape.type !== 'any') return shape
  return isJsonObject(value) ? ANY_MAP : ANY_LEAF
}

const ANY_MAP: Shape = { type: 'map', values: ANY }
const ANY_LEAF: Shape = { type: 'leaf', schema: ANY }
