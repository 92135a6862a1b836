/** What a strategic merge patch must be like, and upstream's words when it is not. */
import { goTypeOf } from '../../go-type.ts'
import { goPrint, isJsonObject } from '../../../lib/json-value.ts'
import { goStruct } from '../../codec/errors.ts'
import type { StructSchema } from '../../schema.ts'
import type { StatusError } from '../../status.ts'
import { PatchError, unexpectedPatch } from '../errors.ts'
import { PATCH, SET_ELEMENT_ORDER } from './directives.ts'
import { identity } from './order.ts'

/** A `$patch` that is not known. */
export const badDirective = (directive: unknown, patch: unknown): StatusError =>
  unexpectedPatch(`unknown patch type: ${asString(directive)} in map: ${goPrint(patch)}`)

/** A directive about a field that the type does not have. */
export const noSuchField = ({ name }: StructSchema, field: string): StatusError =>
  unexpectedPatch(`unable to find api field in struct ${goStruct(name)} for the json field ${JSON.stringify(field)}`)

/** As Go's `%s` prints what may be no string. */
function asString(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'object') return value === null ? '%!s(<nil>)' : goPrint(value)
  return `%!s(${goTypeOf(value)}=${goPrint(value)})`
}

/** The value as a list. Throws StatusError when it is none. */
export function requireList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  throw unexpectedPatch(`expected a []interface {}, but received a ${value === null ? '%!s(<nil>)' : goTypeOf(value)}`)
}

/** Every item must be an object that has the merge key; none is needed for lists of primitives. */
export function requireMergeKeys(items: readonly unknown[], mergeKey: string): void {
  if (mergeKey === '') return
  for (const item of items) {
    if (!isJsonObject(item))
      throw unexpectedPatch(`expected a map[string]interface {}, but received a ${goTypeOf(item)}`)
    if (!Object.hasOwn(item, mergeKey))
      throw unexpectedPatch(`map: ${goPrint(item)} does not contain declared merge key: ${mergeKey}`)
  }
}

/** The items of lists that are merged must all be of one type, and no lists. Gives that type. */
export function requireOneType(lists: readonly (readonly unknown[])[]): string {
  const types = new Set<string>()
  for (const list of lists)
    for (const item of list) types.add(Array.isArray(item) ? 'list' : item === null ? 'null' : typeof item)
  if (types.has('list')) throw new PatchError('lists of lists are not supported')
  if (types.size > 1) throw unexpectedPatch(`list element types are not identical: ${goPrint(lists)}`)
  const [type] = types
  if (type === undefined) throw unexpectedPatch('no elements in any of the given slices')
  return type
}

/** The items of the patch must stand in the order that it sets. */
export function requireOrder(change: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (change.length === 0 || order.length === 0) return
  const kept = change.filter((item) => !(isJsonObject(item) && item[PATCH] === 'delete'))
  requireMergeKeys(order, mergeKey)
  let at = 0
  let next = 0
  while (at < kept.length && next < order.length) {
    const item = kept[at]
    if (isJsonObject(item) && Object.hasOwn(item, PATCH)) at++
    else {
      requireMergeKeys([item], mergeKey)
      if (identity(item, mergeKey) === identity(order[next], mergeKey)) at++
      next++
    }
  }
  if (at < kept.length)
    throw unexpectedPatch(
      `The order in patch list:\n${goPrint(change)}\n doesn't match ${SET_ELEMENT_ORDER} list:\n${goPrint(order)}\n`,
    )
}
