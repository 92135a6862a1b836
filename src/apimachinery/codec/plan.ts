import type { FieldSchema, Schema, StructSchema } from '../schema.ts'

/** A field as the codecs need it again and again. */
export interface FieldPlan {
  readonly name: string
  readonly schema: Schema
  /** The zero value stands for absence (Go's omitempty on a field that is no pointer). */
  readonly omitsEmpty: boolean
  /** An empty list or map stands for absence: it is kept through protobuf, which has none. */
  readonly emptyIsAbsent: boolean
  /** What JSON has when the field is absent, for one that is always written. */
  readonly whenAbsent: string | undefined
  /** The same as a value, shared; undefined for a field that may be absent. */
  readonly absentValue: unknown
  /** `"name":` */
  readonly key: string
  readonly field: FieldSchema
}

/** A struct as the codecs need it. */
export interface StructPlan {
  readonly fields: readonly FieldPlan[]
  readonly byName: ReadonlyMap<string, FieldPlan>
  /** The fields that are written even when absent. */
  readonly always: readonly FieldPlan[]
  /** The JSON of a struct none of whose fields is set. */
  readonly zero: string
}

const plans = new WeakMap<StructSchema, StructPlan>()

/** The plan of a struct; made once. */
export function planOf(schema: StructSchema): StructPlan {
  let plan = plans.get(schema)
  if (!plan) {
    plan = makePlan(schema)
    plans.set(schema, plan)
  }
  return plan
}

function makePlan(schema: StructSchema): StructPlan {
  const fields = [...schema.fields.values()].map(fieldPlan)
  const always = fields.filter((field) => field.whenAbsent !== undefined)
  return {
    fields,
    byName: new Map(fields.map((field) => [field.name, field])),
    always,
    zero: `{${always.map(({ key, whenAbsent }) => `${key}${whenAbsent}`).join(',')}}`,
  }
}

function fieldPlan(field: FieldSchema): FieldPlan {
  const whenAbsent = field.alwaysWritten ? (field.pointer ? 'null' : zeroJson(field.schema)) : undefined
  return {
    name: field.name,
    schema: field.schema,
    // An empty managedFields is a wish: to start over.
    omitsEmpty: !field.pointer && !field.alwaysWritten && field.name !== 'managedFields',
    emptyIsAbsent: !field.pointer && field.number !== undefined && isPlainCollection(field.schema),
    whenAbsent,
    absentValue: whenAbsent === undefined ? undefined : Object.freeze(JSON.parse(whenAbsent) as unknown),
    key: `${JSON.stringify(field.name)}:`,
    field,
  }
}

const isPlainCollection = (schema: Schema): boolean =>
  schema.kind === 'map' || (schema.kind === 'list' && !schema.wrapped)

/** A field's value as the API prints it; undefined when it prints nothing. */
export function printedValue({ omitsEmpty, absentValue }: FieldPlan, value: unknown): unknown {
  if (value === undefined || value === null) return absentValue
  return omitsEmpty && isEmptyValue(value) ? undefined : value
}

/** The zero value as a JSON text. A struct cannot hold itself by value, so this ends. */
function zeroJson(schema: Schema): string {
  return schema.kind === 'struct' ? planOf(schema).zero : JSON.stringify(zeroValue(schema))
}

/** The zero value of a type, as Go writes it; `null` where nothing else says "unset". */
export function zeroValue(schema: Schema): unknown {
  switch (schema.kind) {
    case 'struct':
      return {}
    case 'string':
      return ''
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0
    case 'boolean':
      return false
    case 'quantity':
      return '0'
    case 'duration':
      return '0s'
    default:
      return null
  }
}

/** Whether a value counts as absent in a field with omitempty. Structs never do. */
export function isEmptyValue(value: unknown): boolean {
  if (value === '' || value === 0 || value === false || value === null || value === undefined) return true
  if (typeof value !== 'object') return false
  if (Array.isArray(value)) return value.length === 0
  for (const key in value) if (Object.hasOwn(value, key)) return false
  return true
}
