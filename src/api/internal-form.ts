import { encodeJson, stringifyJson } from '../apimachinery/codec/json/encode.ts'
import type { FieldSchema, Schema, StructSchema } from '../apimachinery/schema.ts'
import { unifiedDiff } from '../lib/unified-diff.ts'
import { INTERNAL_FIELDS } from './internal-types.ts'
import { schemaFor } from './schema-for.ts'

/** Go's names that are more than the JSON name with a capital. */
const GO_NAMES: Readonly<Record<string, string>> = { seLinuxOptions: 'SELinuxOptions', uid: 'UID' }

type Fields = Readonly<Record<string, unknown>>

/**
 * A value as upstream's own Go type of it prints inside a message: every field that there is, by its Go name and in Go's order.
 * `model` is the OpenAPI name of the published type, of which the internal one has the fields. The value may also be a list of them.
 */
export function internalForm(model: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => formOf(schemaFor(model), item))
  return value === undefined ? undefined : formOf(schemaFor(model), value)
}

/** What differs between two values of a type, as upstream prints it after some messages. */
export function difference(model: string, before: unknown, after: unknown): string {
  return unifiedDiff(pretty(internalForm(model, before)), pretty(internalForm(model, after)))
}

function formOf(schema: Schema, value: unknown): unknown {
  if (schema.kind === 'struct') return structForm(schema, (value ?? {}) as Fields)
  if (schema.kind === 'list' && Array.isArray(value)) return value.map((item) => formOf(schema.items, item))
  if (schema.kind === 'map' && typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(entries.map(([key, item]) => [key, formOf(schema.values, item)]))
  }
  return value ?? unset(schema)
}

/** Types of metav1 print as everywhere; metadata is inlined. */
function structForm(schema: StructSchema, given: Fields): unknown {
  if (schema.name.startsWith('io.k8s.apimachinery.')) return JSON.parse(encodeJson(schema, given)) as unknown
  if (schema.name === 'io.k8s.api.core.v1.PodSpec') return podSpecForm(schema, given)
  const metadata = schema.fields.get('metadata')
  const own = metadata ? (formOf(metadata.schema, given['metadata']) as Fields) : {}
  return { ...own, ...Object.fromEntries(fieldsOf(schema).map(([go, field]) => [go, fieldForm(field, given)])) }
}

const OF_SECURITY_CONTEXT = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'] as const

/** Upstream keeps what a pod shares with its host in the security context. */
function podSpecForm(schema: StructSchema, given: Fields): unknown {
  const form = Object.fromEntries(fieldsOf(schema).map(([go, field]) => [go, fieldForm(field, given)]))
  const context = form['SecurityContext'] as Fields | null
  if (!context) return form
  const shared = OF_SECURITY_CONTEXT.flatMap((name) => {
    const field = schema.fields.get(name)
    return field ? [[goName(field), fieldForm(field, given)] as const] : []
  })
  return { ...form, SecurityContext: { ...Object.fromEntries(shared), ...context } }
}

function fieldsOf(schema: StructSchema): (readonly [string, FieldSchema])[] {
  const known = INTERNAL_FIELDS.get(schema.name)
  if (!known) {
    const fields = [...schema.fields.values()].filter(({ name }) => !NOT_FIELDS.has(name))
    return fields.map((field) => [goName(field), field])
  }
  return known.flatMap(([go, json]) => {
    const field = schema.fields.get(json)
    return field ? [[go, field] as const] : []
  })
}

const NOT_FIELDS = new Set(['apiVersion', 'kind', 'metadata'])

function fieldForm({ name, schema, pointer }: FieldSchema, given: Fields): unknown {
  const value = given[name]
  return pointer && (value === undefined || value === null) ? null : formOf(schema, value)
}

const goName = ({ name }: FieldSchema): string => GO_NAMES[name] ?? name.charAt(0).toUpperCase() + name.slice(1)

function unset({ kind }: Schema): unknown {
  switch (kind) {
    case 'string':
      return ''
    case 'boolean':
      return false
    case 'int32':
    case 'int64':
    case 'intOrString':
      return 0
    case 'quantity':
      return '0'
    default:
      return null
  }
}

/** JSON with an indent of one, as Go writes it. */
function pretty(value: unknown, indent = '\n'): string {
  if (typeof value !== 'object' || value === null) return stringifyJson(value)
  const deeper = `${indent} `
  const parts = Array.isArray(value)
    ? value.map((item) => pretty(item, deeper))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${pretty(item, deeper)}`)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  return parts.length === 0 ? open + close : `${open}${deeper}${parts.join(`,${deeper}`)}${indent}${close}`
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
