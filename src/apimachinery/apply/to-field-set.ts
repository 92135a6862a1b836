import { isJsonObject } from '../../lib/json-value.ts'
import type { Schema } from '../schema.ts'
import { LEAF, nodeOf } from './field-set.ts'
import type { FieldSet, MutableFieldSet } from './field-set.ts'
import { itemElement } from './list-item.ts'
import { fieldElement } from './path-element.ts'
import type { PathElement } from './path-element.ts'
import { ANY, shapeOf, shapeOfValue } from './shape.ts'
import type { ListShape, Shape } from './shape.ts'

/** The paths that an object sets, as a client wrote it: what it owns when it is applied. Throws UnidentifiedItem. */
export function toFieldSet(schema: Schema, value: unknown): FieldSet {
  return nodeFor(schema, value)?.children ?? LEAF
}

/** What a value puts in the set: whether its own path, and what is below. */
interface Found {
  readonly member: boolean
  readonly children: MutableFieldSet
}

function nodeFor(schema: Schema, value: unknown): Found | undefined {
  const shape = shapeOfValue(shapeOf(schema), value)
  switch (shape.type) {
    case 'leaf':
    case 'any':
      return { member: true, children: {} }
    case 'list':
      return Array.isArray(value) ? { member: false, children: listChildren(shape, value) } : undefined
    case 'struct':
    case 'map':
      return isJsonObject(value) ? { member: false, children: mapChildren(shape, value) } : undefined
  }
}

function mapChildren(
  shape: Extract<Shape, { type: 'struct' | 'map' }>,
  value: Record<string, unknown>,
): MutableFieldSet {
  const children: MutableFieldSet = {}
  for (const key of Object.keys(value)) {
    const entry = value[key]
    if (entry === undefined) continue
    const field = shape.type === 'struct' ? shape.fields.get(key) : undefined
    const schema = field?.schema ?? (shape.type === 'map' ? shape.values : (shape.rest ?? ANY))
    const found = nodeFor(schema, entry)
    const isEmpty = entry === null || (isJsonObject(entry) && Object.keys(entry).length === 0)
    put(children, field?.element ?? fieldElement(key), found, isEmpty || !field)
  }
  return children
}

function listChildren(shape: ListShape, items: readonly unknown[]): MutableFieldSet {
  const children: MutableFieldSet = {}
  const keys = items.map((item) => itemElement(shape, item))
  const repeated = repeatedOf(keys)
  items.forEach((item, index) => {
    const element = keys[index] ?? ''
    put(children, element, repeated.has(element) ? undefined : nodeFor(shape.items, item), true)
  })
  return children
}

/** Those that stand more than once. */
export function repeatedOf<T>(values: readonly T[]): ReadonlySet<T> {
  const seen = new Set<T>()
  const repeated = new Set<T>()
  for (const value of values) {
    if (seen.has(value)) repeated.add(value)
    else seen.add(value)
  }
  return repeated
}

function put(children: MutableFieldSet, element: PathElement, found: Found | undefined, member: boolean): void {
  const node = nodeOf(member || found?.member === true, found?.children ?? {})
  if (node) children[element] = node as MutableFieldSet
}
