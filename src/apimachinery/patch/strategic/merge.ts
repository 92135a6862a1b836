/**
 * Strategic merge patch (upstream's strategicpatch): a merge patch that knows, by the schema, which lists are merged
 * item by item, and takes directives. Both objects are changed in place; parts of the patch become parts of the result.
 */
import { isJsonObject } from '../../../lib/json-value.ts'
import { getOwn, setOwn } from '../../../lib/own.ts'
import type { Schema } from '../../schema.ts'
import { badRequest } from '../../status.ts'
import { badDirective, noSuchField } from './checks.ts'
import { DELETE_FROM_PRIMITIVE_LIST, fieldOfDirective, PATCH, RETAIN_KEYS, SET_ELEMENT_ORDER } from './directives.ts'
import { mergeListField, mergeOrderedList } from './list.ts'
import { fieldMeta, listMeta } from './lookup.ts'

type JsonObject = Record<string, unknown>

/** Applies a strategic merge patch to `live`. Throws StatusError. */
export function applyStrategicPatch(schema: Schema | undefined, live: JsonObject, patch: JsonObject): JsonObject {
  if (Object.hasOwn(patch, PATCH)) return wholeObject(patch)
  retainKeys(live, patch)
  for (const key of Object.keys(patch)) {
    const field = fieldOfDirective(key, SET_ELEMENT_ORDER)
    if (field !== undefined) setElementOrder(live, patch, key, field, schema)
  }
  for (const key of Object.keys(patch)) {
    const field = fieldOfDirective(key, DELETE_FROM_PRIMITIVE_LIST)
    if (field === undefined) mergeField(live, key, patch[key], schema)
    else deleteFromPrimitiveList(live, field, patch[key])
  }
  return live
}

/** `$patch: replace` or `delete` on an object. */
function wholeObject(patch: JsonObject): JsonObject {
  const directive = patch[PATCH]
  if (directive === 'delete') return {}
  if (directive !== 'replace') throw badDirective(directive, patch)
  delete patch[PATCH]
  return patch
}

/** `$retainKeys`: what the list does not name goes from the live object. */
function retainKeys(live: JsonObject, patch: JsonObject): void {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return
  const names = patch[RETAIN_KEYS]
  delete patch[RETAIN_KEYS]
  if (!Array.isArray(names)) throw badRequest('invalid patch format of retainKeys')
  const retained = new Set<unknown>(names)
  for (const key of Object.keys(patch)) {
    const isDirective = key.startsWith(DELETE_FROM_PRIMITIVE_LIST) || key.startsWith(SET_ELEMENT_ORDER)
    if (patch[key] !== null && !isDirective && !retained.has(key))
      throw badRequest('invalid patch format of retainKeys')
  }
  for (const key of Object.keys(live)) if (!retained.has(key)) delete live[key]
}

function mergeField(live: JsonObject, key: string, change: unknown, schema: Schema | undefined): void {
  if (change === null) {
    delete live[key]
    return
  }
  const current = getOwn(live, key)
  if (isJsonObject(current) && isJsonObject(change)) {
    const meta = fieldMeta(schema, key)
    setOwn<unknown>(live, key, meta.strategy === 'replace' ? change : applyStrategicPatch(meta.schema, current, change))
  } else if (Array.isArray(current) && Array.isArray(change))
    setOwn<unknown>(live, key, mergeListField(current, change, listMeta(schema, key), applyStrategicPatch))
  else replaceField(live, key, change)
}

/** Sets a value that has nothing to merge with: nulls in it are dropped, and so is what bears a directive. */
function replaceField(live: JsonObject, key: string, change: unknown): void {
  const value = withoutDirectives(withoutNulls(change))
  if (value === undefined) delete live[key]
  else setOwn<unknown>(live, key, value)
}

/** Nulls in objects mean deletion, and there is nothing to delete. Nulls in lists stay. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) value.forEach(withoutNulls)
  else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      if (value[key] === null) delete value[key]
      else withoutNulls(value[key])
    }
  }
  return value
}

/** Drops objects that bear a `$patch`; undefined when that is the value itself. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined)
  if (!isJsonObject(value)) return value
  if (Object.hasOwn(value, PATCH)) return undefined
  for (const key of Object.keys(value)) {
    const kept = withoutDirectives(value[key])
    if (kept === undefined) delete value[key]
    else setOwn(value, key, kept)
  }
  return value
}

/** `$deleteFromPrimitiveList/field`. Where there is no such list, nothing happens. */
function deleteFromPrimitiveList(live: JsonObject, field: string, items: unknown): void {
  if (field === '') throw badRequest('invalid patch format of primitive list')
  if (items === null) {
    delete live[field]
    return
  }
  const current = getOwn<unknown>(live, field)
  if (!Array.isArray(current) || !Array.isArray(items)) return
  const gone = new Set<unknown>(items)
  live[field] = current.filter((item) => !gone.has(item))
}

/** `$setElementOrder/field`: merges the field's list, takes it out of the patch, and brings it in the order given. */
function setElementOrder(
  live: JsonObject,
  patch: JsonObject,
  directive: string,
  field: string,
  schema: Schema | undefined,
): void {
  const order = patch[directive]
  delete patch[directive]
  if (field === '') throw badRequest('invalid patch format of setElementOrder list')
  if (schema?.kind === 'struct' && !schema.fields.has(field)) throw noSuchField(schema, field)
  const merged = mergeOrderedList(
    { live: getOwn(live, field), change: getOwn(patch, field), order },
    listMeta(schema, field),
    { mergeObject: applyStrategicPatch, clean: withoutDirectives },
  )
  if (!merged) return
  setOwn<unknown>(live, field, merged)
  delete patch[field]
}
