/** How strategic merge patches lists. */
import type { Schema } from '../../schema.ts'
import { unexpectedPatch } from '../errors.ts'
import { badDirective, requireList, requireMergeKeys, requireOneType, requireOrder } from './checks.ts'
import { PATCH } from './directives.ts'
import type { PatchMeta } from './lookup.ts'
import { orderMerged, places } from './order.ts'

type JsonObject = Record<string, unknown>

/** Merges an object of a list with the patch's. */
export type MergeObject = (schema: Schema | undefined, live: JsonObject, patch: JsonObject) => JsonObject

/** A list in the patch and a list in the live object. */
export function mergeListField(
  live: unknown[],
  change: unknown[],
  { schema, strategy, mergeKey }: PatchMeta,
  mergeObject: MergeObject,
): unknown[] {
  if (strategy !== 'merge') return change
  if (live.length === 0 && change.length === 0) return live
  if (requireOneType([live, change]) !== 'object')
    return orderMerged([...new Set([...live, ...change])], change, live, mergeKey)
  if (mergeKey === '') throw unexpectedPatch(`cannot merge lists without merge key for ${schema?.kind ?? 'interface'}`)
  const { items, additions } = carryOutDirectives(live as JsonObject[], change as JsonObject[], mergeKey)
  const place = places(items, mergeKey)
  const base = [...items]
  for (const addition of additions) {
    requireMergeKeys([addition], mergeKey)
    const at = place.get(addition[mergeKey]) ?? items.length
    const current = items[at]
    items[at] = current ? mergeObject(schema, current, addition) : addition
    if (current) continue
    place.set(addition[mergeKey], at)
    if (at < live.length) live[at] = addition
  }
  requireMergeKeys(items, mergeKey)
  return orderMerged(items, additions, base, mergeKey)
}

/** Carries out `$patch: delete` and `replace` in a list of objects; gives what is left to merge. */
function carryOutDirectives(
  live: JsonObject[],
  change: readonly JsonObject[],
  mergeKey: string,
): { items: JsonObject[]; additions: readonly JsonObject[] } {
  const additions: JsonObject[] = []
  let length = live.length
  let replaces = false
  for (const item of change) {
    const directive = item[PATCH]
    if (!Object.hasOwn(item, PATCH)) additions.push(item)
    else if (directive === 'delete') {
      requireMergeKeys([item], mergeKey)
      length = deleteFrom(live, length, mergeKey, item[mergeKey])
    } else if (directive === 'replace') replaces = true
    else if (directive === 'merge') throw unexpectedPatch('merging lists cannot yet be specified in the patch')
    else throw badDirective(directive, item)
  }
  return replaces ? { items: additions, additions: [] } : { items: live.slice(0, length), additions }
}

/**
 * Deletes matching items among the first `length`, in place: those behind move up, and what is in the tail stays. Gives
 * the new length. Upstream works in place like this, and then orders the merged list by what the live list has become;
 * additions to the shorter list take the places in its tail.
 */
function deleteFrom(live: JsonObject[], length: number, mergeKey: string, key: unknown): number {
  let left = length
  for (let at = 0; at < left;) {
    const item = live[at]
    if (!item || !Object.hasOwn(item, mergeKey) || item[mergeKey] !== key) at++
    else live.copyWithin(at, at + 1, left--)
  }
  return left
}

/** A list that a `$setElementOrder` is about; undefined when neither side has it. */
export function mergeOrderedList(
  lists: { readonly live: unknown; readonly change: unknown; readonly order: unknown },
  meta: PatchMeta,
  { mergeObject, clean }: { readonly mergeObject: MergeObject; readonly clean: (value: unknown) => unknown },
): unknown[] | undefined {
  const order = requireList(lists.order)
  const live = lists.live === undefined ? undefined : requireList(lists.live)
  const change = lists.change === undefined ? undefined : requireList(lists.change)
  requireOrder(change ?? [], order, meta.mergeKey)
  if (!live && !change) return undefined
  const merged = live ? (change ? mergeListField(live, change, meta, mergeObject) : live) : clean(change)
  requireOneType([live ?? [], change ?? []])
  const items = requireList(merged)
  requireMergeKeys(items, meta.mergeKey)
  requireMergeKeys(order, meta.mergeKey)
  return orderMerged(items, order, live ?? [], meta.mergeKey)
}
