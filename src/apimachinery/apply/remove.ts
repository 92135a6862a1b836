import { isJsonObject } from '../../lib/json-value.ts'
import { setOwn } from '../../lib/own.ts'
import type { Schema } from '../schema.ts'
import { childOf, elements, isLeaf, isMember, LEAF, nodeOf } from './field-set.ts'
import type { FieldSet, MutableFieldSet } from './field-set.ts'
import { itemElement } from './list-item.ts'
import { fieldElement } from './path-element.ts'
import { ANY, shapeOf, shapeOfValue } from './shape.ts'
import type { ListShape, Shape } from './shape.ts'

/** The object without the paths of a set. It shares what stays; the object itself is not changed. Throws UnidentifiedItem. */
export function removeItems(schema: Schema, value: unknown, gone: FieldSet): unknown {
  const shape = shapeOfValue(shapeOf(schema), value)
  switch (shape.type) {
    case 'leaf':
    case 'any':
      return typeof value === 'object' ? undefined : value
    case 'list':
      return Array.isArray(value) ? removeFromList(shape, value, gone) : undefined
    case 'struct':
    case 'map':
      return isJsonObject(value) ? removeFromMap(shape, value, gone) : undefined
  }
}

/** What is left of a value of which something was removed; of a whole without entries, an empty one. */
function remainder(schema: Schema, value: unknown, gone: FieldSet): unknown {
  const left = removeItems(schema, value, gone)
  if (left !== undefined && left !== null) return left
  return isJsonObject(value) ? {} : Array.isArray(value) ? [] : null
}

function removeFromMap(
  shape: Extract<Shape, { type: 'struct' | 'map' }>,
  value: Record<string, unknown>,
  gone: FieldSet,
): unknown {
  const kept: Record<string, unknown> = {}
  let touched = false
  for (const key of Object.keys(value)) {
    const field = shape.type === 'struct' ? shape.fields.get(key)?.schema : shape.values
    const node = childOf(gone, fieldElement(key))
    if (node && isMember(node)) continue
    if (node) touched = true
    setOwn(kept, key, node ? remainder(field ?? ANY, value[key], node) : value[key])
  }
  return touched || Object.keys(kept).length > 0 ? kept : undefined
}

function removeFromList(shape: ListShape, items: readonly unknown[], gone: FieldSet): unknown {
  const kept: unknown[] = []
  let touched = false
  for (const item of items) {
    const node = childOf(gone, itemElement(shape, item))
    if (node && isMember(node)) continue
    if (node) touched = true
    kept.push(node ? remainder(shape.items, item, node) : item)
  }
  return touched || kept.length > 0 ? kept : undefined
}

/** The set, with every declared field that has something below it as a member itself. */
export function withNamedFields(schema: Schema | undefined, set: FieldSet): FieldSet {
  const shape = schema && shapeOf(schema)
  const out: MutableFieldSet = {}
  for (const element of elements(set)) {
    const node = set[element] ?? LEAF
    const below = schemaBelow(shape, element)
    const children = isLeaf(node) ? {} : withNamedFields(below.schema, node)
    const member = isMember(node) || (below.declared && !isLeaf(node))
    const kept = nodeOf(member, children)
    if (kept) out[element] = kept as MutableFieldSet
  }
  return out
}

function schemaBelow(shape: Shape | undefined, element: string): { schema: Schema | undefined; declared: boolean } {
  if (element.startsWith('f:')) {
    if (shape?.type === 'map') return { schema: shape.values, declared: false }
    if (shape?.type === 'any') return { schema: ANY, declared: false }
    const field = shape?.type === 'struct' ? shape.fields.get(element.slice(2)) : undefined
    return {
      schema: field?.schema ?? (shape?.type === 'struct' ? shape.rest : undefined),
      declared: field !== undefined,
    }
  }
  return { schema: element.startsWith('k:') && shape?.type === 'list' ? shape.items : undefined, declared: false }
}
