/**
 * The fast way to decode: JSON.parse, then this walk, which prunes and canonicalises in place. It keeps no paths. Where
 * something is not as it should be it only says so, and `careful.ts` reads the text again to say what.
 */
import type { ListSchema, MapSchema, ScalarSchema, Schema, StructSchema } from '../../schema.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { setOwn } from '../../../lib/own.ts'
import { isEmptyValue, planOf, zeroValue } from '../plan.ts'
import { isInt32, keptBytes, keptDuration, keptMicroTime, keptQuantity, keptTime } from '../scalars.ts'
import { ParseError } from '../../parse-error.ts'

/** Thrown when the value is not of its type. */
export class NotOfType extends Error {}

/** What is carried through a walk, and what it found. */
export interface PruneState {
  /** How many keys all objects have together. */
  keys: number
  /** Fields that the schema does not have were dropped. */
  unknown: boolean
  /** Inside a custom resource: a value of another type stays, for validation to tell. */
  lenient: boolean
  /** The struct that holds the value; a JSON schema's parts may be JSON schemas. */
  owner: StructSchema
}

type JsonObject = Record<string, unknown>

/** Prunes and canonicalises a whole object, in place where it can. Throws NotOfType. */
export function pruneObject(schema: StructSchema, value: unknown): PruneState & { readonly object: JsonObject } {
  const state: PruneState = { keys: 0, unknown: false, lenient: false, owner: schema }
  return Object.assign(state, { object: pruneStruct(schema, value, state) })
}

function prune(schema: Schema, value: unknown, state: PruneState): unknown {
  if (value === null) return state.lenient ? null : zeroValue(schema)
  switch (schema.kind) {
    case 'struct':
      return isJsonObject(value) ? pruneStruct(schema, value, state) : mismatch(value, state, schema)
    case 'map':
      return isJsonObject(value) ? pruneMap(schema, value, state) : mismatch(value, state)
    case 'list':
      return Array.isArray(value) ? pruneList(schema, value, state) : mismatch(value, state)
    default:
      return pruneScalar(schema, value, state)
  }
}

function mismatch(value: unknown, state: PruneState, schema?: StructSchema): unknown {
  // Metadata has a type even in a custom resource.
  if (!state.lenient || (schema && schema.name !== '')) throw new NotOfType()
  state.keys += countKeys(value)
  return schema?.preserveUnknown ? value : stripped(value, state)
}

/** A value where no object should stand: what objects in it have, no schema knows. */
function stripped(value: unknown, state: PruneState): unknown {
  if (Array.isArray(value)) return value.map((item) => stripped(item, state))
  if (!isJsonObject(value) || Object.keys(value).length === 0) return value
  state.unknown = true
  return {}
}

function pruneStruct(schema: StructSchema, value: unknown, state: PruneState): JsonObject {
  if (!isJsonObject(value)) throw new NotOfType()
  const { lenient, owner } = state
  state.lenient = schema.name === ''
  state.owner = schema
  const dropped = pruneFields(schema, value, state)
  state.lenient = lenient
  state.owner = owner
  return dropped ? without(value, dropped) : value
}

/** Prunes the fields of a struct in place; returns the names of those that must go. */
function pruneFields(schema: StructSchema, value: JsonObject, state: PruneState): Set<string> | undefined {
  const { byName } = planOf(schema)
  const keys = Object.keys(value)
  state.keys += keys.length
  let dropped: Set<string> | undefined
  for (const key of keys) {
    const plan = byName.get(key)
    const old = value[key]
    if (plan === undefined) {
      state.keys += countKeys(old)
      if (schema.preserveUnknown) continue
      state.unknown = true
      dropped = (dropped ?? new Set()).add(key)
      continue
    }
    const kept = old === null && !state.lenient ? null : prune(plan.schema, old, state)
    if (!state.lenient && (kept === null || (plan.omitsEmpty && isEmptyValue(kept))))
      dropped = (dropped ?? new Set()).add(key)
    else if (kept !== old) value[key] = kept
  }
  return dropped
}

/** A copy without some keys. Deleting them would make every later access of the object slow. */
function without(value: JsonObject, keys: ReadonlySet<string>): JsonObject {
  const rest: JsonObject = {}
  for (const key of Object.keys(value)) if (!keys.has(key)) setOwn(rest, key, value[key])
  return rest
}

function pruneMap(schema: MapSchema, value: JsonObject, state: PruneState): JsonObject {
  const { values } = schema
  const keys = Object.keys(value)
  state.keys += keys.length
  for (const key of keys) {
    const old = value[key]
    if (values.kind === 'string' && typeof old === 'string') continue
    const kept = prune(values, old, state)
    if (kept !== old) setOwn(value, key, kept)
  }
  return value
}

function pruneList(schema: ListSchema, items: unknown[], state: PruneState): unknown[] {
  for (let i = 0; i < items.length; i++) {
    const old = items[i]
    const kept = prune(schema.items, old, state)
    if (kept !== old) items[i] = kept
  }
  return items
}

function pruneScalar(schema: ScalarSchema, value: unknown, state: PruneState): unknown {
  switch (schema.kind) {
    case 'string':
      return typeof value === 'string' ? value : mismatch(value, state)
    case 'boolean':
      return typeof value === 'boolean' ? value : mismatch(value, state)
    case 'int32':
      return typeof value === 'number' && isInt32(value) ? value : mismatch(value, state)
    case 'int64':
      return Number.isInteger(value) || isInt64(value) ? value : mismatch(value, state)
    case 'double':
      return typeof value === 'number' ? value : mismatch(value, state)
    case 'intOrString':
      return typeof value === 'string' || (typeof value === 'number' && isInt32(value)) ? value : mismatch(value, state)
    case 'quantity':
      return keep(typeof value === 'number' ? String(value) : value, keptQuantity, state)
    case 'bytes':
      return keep(value, keptBytes, state)
    case 'time':
      return keep(value, keptTime, state)
    case 'microTime':
      return keep(value, keptMicroTime, state)
    case 'duration':
      return keep(value, keptDuration, state)
    case 'rawExtension':
    case 'fieldsV1':
    case 'any':
      state.keys += countKeys(value)
      return value
    case 'schemaOrArray':
    case 'schemaOrBool':
    case 'schemaOrStrings':
      return pruneSchemaOr(schema.kind, value, state)
  }
}

/** A number that a double does not hold exactly; numbers come as such only from decoders that kept them. */
const isInt64 = (value: unknown): boolean => typeof value === 'bigint' && BigInt.asIntN(64, value) === value

/** A part of a JSON schema that may be a schema or something else. Upstream does not report unknown fields in there. */
function pruneSchemaOr(kind: SchemaOrKind, value: unknown, state: PruneState): unknown {
  const { unknown } = state
  const kept = isJsonObject(value)
    ? pruneStruct(state.owner, value, state)
    : kind !== 'schemaOrBool' && Array.isArray(value)
      ? pruneList({ kind: 'list', items: kind === 'schemaOrArray' ? state.owner : { kind: 'string' } }, value, state)
      : kind === 'schemaOrBool' && typeof value === 'boolean'
        ? value
        : mismatch(value, state)
  state.unknown = unknown
  return kept
}

/** The kinds of a JSON schema's parts that may be a schema or something else. */
export type SchemaOrKind = 'schemaOrArray' | 'schemaOrBool' | 'schemaOrStrings'

function keep(value: unknown, canonical: (text: string) => unknown, state: PruneState): unknown {
  if (typeof value !== 'string' || state.lenient) return mismatch(value, state)
  try {
    return canonical(value)
  } catch (error) {
    throw error instanceof ParseError ? new NotOfType() : error
  }
}

/** How many keys the objects in a value have together. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + countKeys(item), 0)
  const keys = Object.keys(value)
  return keys.reduce((sum, key) => sum + countKeys((value as JsonObject)[key]), keys.length)
}
