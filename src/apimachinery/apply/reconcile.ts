import type { Schema } from '../schema.ts'
import { elements, isLeaf, isMember, LEAF, nodeOf } from './field-set.ts'
import type { FieldSet, MutableFieldSet } from './field-set.ts'
import { shapeOf } from './shape.ts'
import type { Shape } from './shape.ts'

/**
 * A set brought to the shape that a schema has now: below what has become atomic nothing can be owned, so the whole is.
 * Gives the set itself when it fits.
 */
export function reconcile(schema: Schema, set: FieldSet): FieldSet {
  const shape = shapeOf(schema)
  if (shape.type === 'leaf' || shape.type === 'any') return set
  const out: MutableFieldSet = {}
  let same = true
  for (const element of elements(set)) {
    const node = set[element] ?? LEAF
    const below = isLeaf(node) ? undefined : schemaBelow(shape, element)
    const kept = below ? reconcileNode(below, node) : node
    if (kept !== node) same = false
    out[element] = kept as MutableFieldSet
  }
  return same ? set : out
}

function reconcileNode(schema: Schema, node: FieldSet): FieldSet {
  const isWhole = schema.kind === 'struct' || schema.kind === 'map' || schema.kind === 'list'
  if (isWhole && shapeOf(schema).type === 'leaf') return LEAF
  const below = reconcile(schema, node)
  return below === node ? node : (nodeOf(isMember(node), below) ?? LEAF)
}

function schemaBelow(shape: Shape, element: string): Schema | undefined {
  if (shape.type === 'struct') return shape.fields.get(element.slice(2))?.schema
  if (shape.type === 'map') return shape.values
  return shape.type === 'list' ? shape.items : undefined
}
