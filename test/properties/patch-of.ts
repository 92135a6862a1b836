/** Patches made of two objects, in the plainest way: what is the same is left out. */
import { equalJson, isJsonObject } from '../../src/lib/json-value.ts'
import { listMeta, fieldMeta } from '../../src/apimachinery/patch/strategic/lookup.ts'
import type { Schema } from '../../src/apimachinery/schema.ts'

type JsonObject = Record<string, unknown>

/** The merge patch that makes `to` out of `from`. Neither has nulls. */
export function mergePatchOf(from: JsonObject, to: JsonObject): JsonObject {
  return patchOf(from, to, (_key, a, b) => (isJsonObject(a) && isJsonObject(b) ? mergePatchOf(a, b) : b))
}

/** The strategic merge patch that makes `to` out of `from`, with the order of lists that are merged. */
export function strategicPatchOf(schema: Schema | undefined, from: JsonObject, to: JsonObject): JsonObject {
  const orders: JsonObject = {}
  const patch = patchOf(from, to, (key, a, b) => {
    if (isJsonObject(a) && isJsonObject(b)) {
      const meta = fieldMeta(schema, key)
      return meta.strategy === 'replace' ? b : strategicPatchOf(meta.schema, a, b)
    }
    if (!Array.isArray(a) || !Array.isArray(b)) return b
    const meta = listMeta(schema, key)
    if (meta.strategy !== 'merge' || b.length === 0)
      return meta.strategy === 'merge' ? everyGone(a, meta.mergeKey, orders, key) : b
    if (meta.mergeKey === '') return primitives(a, b, orders, key)
    orders[`$setElementOrder/${key}`] = b.map((item) => pick(item, meta.mergeKey))
    return items(a as JsonObject[], b as JsonObject[], meta.mergeKey, meta.schema)
  })
  return { ...orders, ...patch }
}

function patchOf(
  from: JsonObject,
  to: JsonObject,
  changed: (key: string, a: unknown, b: unknown) => unknown,
): JsonObject {
  const patch: JsonObject = {}
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) patch[key] = null
  for (const key of Object.keys(to))
    if (!Object.hasOwn(from, key)) patch[key] = to[key]
    else if (!equalJson(from[key], to[key])) patch[key] = changed(key, from[key], to[key])
  return patch
}

const pick = (item: unknown, key: string): JsonObject => ({ [key]: (item as JsonObject)[key] })

/** A list of objects that are told apart by a key: what changes of each, what is new, what goes. */
function items(
  from: readonly JsonObject[],
  to: readonly JsonObject[],
  key: string,
  schema: Schema | undefined,
): unknown[] {
  const find = (all: readonly JsonObject[], item: JsonObject): JsonObject | undefined =>
    all.find((other) => other[key] === item[key])
  const kept = to.flatMap((item) => {
    const before = find(from, item)
    if (before && equalJson(before, item)) return []
    return [before ? { ...pick(item, key), ...strategicPatchOf(schema, before, item) } : item]
  })
  const gone = from.filter((item) => !find(to, item))
  return [...kept, ...gone.map((item) => ({ ...pick(item, key), $patch: 'delete' }))]
}

function everyGone(from: readonly unknown[], key: string, orders: JsonObject, field: string): unknown[] {
  if (key !== '') return (from as JsonObject[]).map((item) => ({ ...pick(item, key), $patch: 'delete' }))
  orders[`$deleteFromPrimitiveList/${field}`] = from
  return []
}

/** A list of strings that is merged as a set. */
function primitives(from: readonly unknown[], to: readonly unknown[], orders: JsonObject, field: string): unknown[] {
  orders[`$setElementOrder/${field}`] = to
  orders[`$deleteFromPrimitiveList/${field}`] = from.filter((item) => !to.includes(item))
  return to.filter((item) => !from.includes(item))
}
