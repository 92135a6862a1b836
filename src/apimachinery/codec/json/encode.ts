/**
 * Writes objects as the API prints them: fields in the schema's order, keys of maps sorted, empty fields left out
 * unless they are always written. Equal objects give equal bytes.
 */
import { isJsonObject } from '../../../lib/json-value.ts'
import type { MapSchema, Schema, StructSchema } from '../../schema.ts'
import { isEmptyValue, planOf } from '../plan.ts'
import type { FieldPlan } from '../plan.ts'

type JsonObject = Readonly<Record<string, unknown>>

const encoder = new TextEncoder()

/** The object as a JSON text. Fields that the schema does not have are left out. */
export function encodeJson(schema: StructSchema, object: object): string {
  return structText(schema, object as JsonObject)
}

/**
 * The bytes that are kept of an object. They begin with `storedPrefix` and have no metadata.resourceVersion; the store
 * knows that, and `spliceResourceVersion` puts it in.
 */
export function encodeStored(schema: StructSchema, object: object): Uint8Array<ArrayBuffer> {
  const { apiVersion, kind, metadata } = object as JsonObject
  const { fields, byName } = planOf(schema)
  const parts: string[] = []
  for (const plan of fields) {
    if (plan.name === 'apiVersion' || plan.name === 'kind' || plan.name === 'metadata') continue
    const text = fieldText(plan, (object as JsonObject)[plan.name])
    if (text !== undefined) parts.push(`,${plan.key}${text}`)
  }
  if (schema.preserveUnknown) parts.push(unknownText(object as JsonObject, byName, true))
  const metaPlan = byName.get('metadata')
  const meta =
    metaPlan?.schema.kind === 'struct' ? structText(metaPlan.schema, metadata as JsonObject, 'resourceVersion') : '{}'
  return encoder.encode(`${storedPrefix(String(kind), String(apiVersion))}${meta.slice(1)}${parts.join('')}}`)
}

/** How the kept bytes of every object of a kind begin; what follows is the first field of metadata. */
export function storedPrefix(kind: string, apiVersion: string): string {
  return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":{`
}

const CLOSE_BRACE = 0x7d
const COMMA = 0x2c
const NEWLINE = 0x0a

/** What follows kept bytes when they are served: nothing, or the line end that stands after a whole answer. */
export type Ending = '' | '\n'

/** Kept bytes with `"resourceVersion":"N"` put in after the first `prefixLength` bytes, the length of storedPrefix. */
export function spliceResourceVersion(
  bytes: Uint8Array,
  prefixLength: number,
  resourceVersion: string,
  ending: Ending = '',
): Uint8Array<ArrayBuffer> {
  const field = `"resourceVersion":"${resourceVersion}"`
  const comma = bytes[prefixLength] === CLOSE_BRACE ? 0 : 1
  const at = prefixLength + field.length
  const out = new Uint8Array(bytes.length + field.length + comma + ending.length)
  out.set(bytes.subarray(0, prefixLength))
  for (let i = 0; i < field.length; i++) out[prefixLength + i] = field.charCodeAt(i)
  if (comma) out[at] = COMMA
  out.set(bytes.subarray(prefixLength), at + comma)
  if (ending) out[out.length - 1] = NEWLINE
  return out
}

function structText(schema: StructSchema, value: JsonObject | undefined | null, leftOut = ''): string {
  const plan = planOf(schema)
  if (value === undefined || value === null) return plan.zero
  let text = '{'
  for (const field of plan.fields) {
    if (field.name === leftOut) continue
    const encoded = fieldText(field, value[field.name])
    if (encoded !== undefined) text += text.length > 1 ? `,${field.key}${encoded}` : field.key + encoded
  }
  if (schema.preserveUnknown) text += unknownText(value, plan.byName, text.length > 1)
  return `${text}}`
}

/** The JSON of a field's value, or undefined when the field is left out. */
function fieldText(field: FieldPlan, value: unknown): string | undefined {
  if (value === undefined || value === null) return value === null && field.field.nullable ? 'null' : field.whenAbsent
  if ((field.omitsEmpty || field.emptyIsAbsent) && isEmptyValue(value)) return field.whenAbsent
  return valueText(field.schema, value)
}

function valueText(schema: Schema, value: unknown): string {
  switch (schema.kind) {
    case 'string':
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : stringifyJson(value)
    case 'struct':
      return isJsonObject(value) ? structText(schema, value) : stringifyJson(value)
    case 'map':
      return isJsonObject(value) ? mapText(schema, value) : stringifyJson(value)
    case 'list':
      return Array.isArray(value) ? listText(schema.items, value) : stringifyJson(value)
    case 'int32':
    case 'int64':
    case 'boolean':
      // What was converted by somebody else may be of any type.
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : stringifyJson(value)
    default:
      return stringifyJson(value)
  }
}

function mapText({ values }: MapSchema, value: JsonObject): string {
  const keys = Object.keys(value)
  if (keys.length > 1) keys.sort()
  let text = '{'
  for (const key of keys) {
    const entry = value[key]
    if (entry === undefined) continue
    if (text.length > 1) text += ','
    text += `${quote(key)}:${valueText(values, entry)}`
  }
  return `${text}}`
}

function listText(items: Schema, value: readonly unknown[]): string {
  let text = '['
  for (let i = 0; i < value.length; i++) {
    if (i > 0) text += ','
    text += valueText(items, value[i])
  }
  return `${text}]`
}

function unknownText(value: JsonObject, known: ReadonlyMap<string, unknown>, comma: boolean): string {
  const parts = Object.keys(value)
    .filter((key) => !known.has(key) && value[key] !== undefined)
    .sort()
    .map((key) => `${quote(key)}:${stringifyJson(value[key])}`)
  return parts.length === 0 ? '' : (comma ? ',' : '') + parts.join(',')
}

/** What JSON.stringify escapes. */
// eslint-disable-next-line no-control-regex -- JSON escapes control characters
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/

const quote = (text: string): string => (ESCAPED.test(text) ? JSON.stringify(text.toWellFormed()) : `"${text}"`)

/** JSON.stringify, but bigints are written as the numbers they are, and what has no JSON as null. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return stringifyExact(value)
  }
}

/** The same on several lines, for people. */
export function prettyJson(value: unknown): string {
  const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }
  const exact = (_: string, part: unknown): unknown => (typeof part === 'bigint' ? rawJSON(String(part)) : part)
  return JSON.stringify(value, exact, 2) ?? 'null'
}

function stringifyExact(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map(stringifyExact).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null'
  const entries = Object.keys(value).filter((key) => value[key] !== undefined)
  return `{${entries.map((key) => `${quote(key)}:${stringifyExact(value[key])}`).join(',')}}`
}
