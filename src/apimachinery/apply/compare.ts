import { equalJson, isJsonObject } from '../../lib/json-value.ts'
import { getOwn } from '../../lib/own.ts'
import { printedValue } from '../codec/plan.ts'
import type { Schema } from '../schema.ts'
import { equalPrinted } from './equal.ts'
import { childOf, EMPTY_SET, isMember, LEAF, nodeOf, setOfPaths } from './field-set.ts'
import type { FieldSet, MutableFieldSet } from './field-set.ts'
import { itemElement } from './list-item.ts'
import { fieldElement } from './path-element.ts'
import type { PathElement } from './path-element.ts'
import { ANY, shapeOf, shapeOfValue } from './shape.ts'
import type { FieldShape, ListShape, Shape, StructShape } from './shape.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** How one object differs from another. */
export interface Comparison {
  /** Paths that were added, or whose value is another. */
  readonly changed: FieldSet
  /** Paths that are gone. */
  readonly removed: FieldSet
}

export interface CompareOptions {
  /**
   * `printed`: both objects count as the API prints them, whatever they hold in memory of empty fields and lack of
   * fields that are always written. `literal`: every field counts as it stands.
   */
  readonly view: 'printed' | 'literal'
  /** Paths that do not count, with what is below them. */
  readonly ignored?: FieldSet
}

/** Compares two objects of a type. Throws UnidentifiedItem. */
export function compare(schema: Schema, before: unknown, after: unknown, options: CompareOptions): Comparison {
  const walk = new CompareWalk(options.view === 'printed')
  const changed = walk.compare(schema, before, after, options.ignored)
  return { changed: changed ?? EMPTY_SET, removed: walk.removed.length > 0 ? setOfPaths(walk.removed) : EMPTY_SET }
}

class CompareWalk {
  readonly removed: (readonly PathElement[])[] = []
  readonly #printed: boolean
  readonly #path: PathElement[] = []

  constructor(printed: boolean) {
    this.#printed = printed
  }

  /** The node of what changed, if anything did; what was removed is noted. Undefined values are absent. */
  compare(schema: Schema, before: unknown, after: unknown, ignored: FieldSet | undefined): FieldSet | undefined {
    if (before === after && typeof after !== 'object') return undefined
    const declared = shapeOf(schema)
    const shape = shapeOfValue(declared, after === undefined ? before : after)
    if (declared.type === 'any' && before !== undefined && after !== undefined) {
      const other = shapeOfValue(declared, before)
      if (other.type !== shape.type) return this.#anyChanged(before, after, ignored)
    }
    switch (shape.type) {
      case 'leaf':
      case 'any':
        return this.#leaf(schema, before, after)
      case 'list':
        return this.#list(shape, schema, before, after, ignored)
      case 'struct':
      case 'map':
        return this.#map(shape, schema, before, after, ignored)
    }
  }

  #leaf(schema: Schema, before: unknown, after: unknown): FieldSet | undefined {
    if (before === undefined) return LEAF
    if (after === undefined) return this.#gone()
    const equal = this.#printed ? equalPrinted(schema, before, after) : equalJson(before, after)
    return equal ? undefined : LEAF
  }

  #gone(): undefined {
    if (this.#path.length > 0) this.removed.push([...this.#path])
    return undefined
  }

  /** The node of a whole with children: it was added itself when there was none before. */
  #whole(before: unknown, after: unknown, children: MutableFieldSet): FieldSet | undefined {
    if (after === undefined) this.#gone()
    return nodeOf(before === undefined, children)
  }

  /** A value of any type became one of another. */
  #anyChanged(before: unknown, after: unknown, ignored: FieldSet | undefined): FieldSet | undefined {
    const shape: Shape = { type: 'map', values: ANY }
    const children: MutableFieldSet = {}
    const [left, right] = [isJsonObject(before) ? before : {}, isJsonObject(after) ? after : {}]
    this.#entries(shape, left, right, ignored, children)
    return nodeOf(true, children)
  }

  #map(
    shape: MapLike,
    schema: Schema,
    before: unknown,
    after: unknown,
    ignored: FieldSet | undefined,
  ): FieldSet | undefined {
    const left = isJsonObject(before) ? before : undefined
    const right = isJsonObject(after) ? after : undefined
    if (this.#isEmpty(shape, left) && this.#isEmpty(shape, right)) return this.#leaf(schema, before, after)
    const children: MutableFieldSet = {}
    this.#entries(shape, left, right, ignored, children)
    return this.#whole(before, after, children)
  }

  #isEmpty(shape: MapLike, value: JsonObject | undefined): boolean {
    if (value === undefined) return true
    if (shape.type === 'struct' && this.#printed && shape.plan.always.length > 0) return false
    for (const key in value) {
      if (!Object.hasOwn(value, key) || value[key] === undefined) continue
      const field = shape.type === 'struct' ? shape.fields.get(key) : undefined
      if (!field || this.#valueOf(field, value) !== undefined) return false
    }
    return true
  }

  #entries(
    shape: MapLike,
    left: JsonObject | undefined,
    right: JsonObject | undefined,
    ignored: FieldSet | undefined,
    children: MutableFieldSet,
  ): void {
    if (right)
      for (const key of Object.keys(right))
        if (!left || !isSameScalar(left[key], right[key])) this.#entry(shape, key, left, right, ignored, children)
    if (left)
      for (const key of Object.keys(left))
        if (!right || !Object.hasOwn(right, key)) this.#entry(shape, key, left, right, ignored, children)
    const only = left ? (right ? undefined : left) : right
    if (shape.type === 'struct' && this.#printed && only)
      for (const { name } of shape.plan.always)
        if (!Object.hasOwn(only, name)) this.#entry(shape, name, left, right, ignored, children)
  }

  #entry(
    shape: MapLike,
    key: string,
    left: JsonObject | undefined,
    right: JsonObject | undefined,
    ignored: FieldSet | undefined,
    children: MutableFieldSet,
  ): void {
    const field = shape.type === 'struct' ? shape.fields.get(key) : undefined
    const schema = field?.schema ?? (shape.type === 'map' ? shape.values : shape.rest)
    if (!schema) return
    const element = field?.element ?? fieldElement(key)
    const skipped = ignored && childOf(ignored, element)
    if (skipped && isMember(skipped)) return
    const before = left && (field ? this.#valueOf(field, left) : getOwn(left, key))
    const after = right && (field ? this.#valueOf(field, right) : getOwn(right, key))
    this.#child(schema, element, before, after, skipped, children)
  }

  #child(
    schema: Schema,
    element: PathElement,
    before: unknown,
    after: unknown,
    ignored: FieldSet | undefined,
    children: MutableFieldSet,
  ): void {
    if (before === undefined && after === undefined) return
    this.#path.push(element)
    const node = this.compare(schema, before, after, ignored)
    this.#path.pop()
    if (node) children[element] = node as MutableFieldSet
  }

  /** A field's value, undefined when it does not count. */
  #valueOf({ plan }: FieldShape, object: JsonObject): unknown {
    const value = object[plan.name]
    return this.#printed ? printedValue(plan, value) : value
  }

  #list(
    shape: ListShape,
    schema: Schema,
    before: unknown,
    after: unknown,
    ignored: FieldSet | undefined,
  ): FieldSet | undefined {
    const left = Array.isArray(before) ? (before as readonly unknown[]) : NO_ITEMS
    const right = Array.isArray(after) ? (after as readonly unknown[]) : NO_ITEMS
    if (left.length === 0 && right.length === 0) return this.#leaf(schema, before, after)
    const [lefts, rights] = [itemsByElement(shape, left), itemsByElement(shape, right)]
    const children: MutableFieldSet = {}
    for (const [element, items] of rights)
      this.#items(shape, element, lefts.get(element) ?? [], items, ignored, children)
    for (const [element, items] of lefts)
      if (!rights.has(element)) this.#items(shape, element, items, [], ignored, children)
    return this.#whole(before, after, children)
  }

  /** The items of one element. More than one are duplicates, which are only compared as a whole. */
  #items(
    shape: ListShape,
    element: PathElement,
    left: readonly unknown[],
    right: readonly unknown[],
    ignored: FieldSet | undefined,
    children: MutableFieldSet,
  ): void {
    const skipped = ignored && childOf(ignored, element)
    if (skipped && isMember(skipped)) return
    if (left.length <= 1 && right.length <= 1) this.#child(shape.items, element, left[0], right[0], skipped, children)
    else if (left.length >= 2 && right.length >= 2) {
      if (!equalJson(left, right)) children[element] = {}
    } else if (left.length >= 2) {
      if (right.length === 1) this.#child(shape.items, element, undefined, right[0], skipped, children)
      this.removed.push([...this.#path, element])
    } else {
      if (left.length === 1) this.#child(shape.items, element, left[0], undefined, skipped, children)
      children[element] = (nodeOf(true, children[element] ?? {}) ?? LEAF) as MutableFieldSet
    }
  }
}

const isSameScalar = (a: unknown, b: unknown): boolean => a === b && typeof a !== 'object'

const NO_ITEMS: readonly unknown[] = []

type MapLike = StructShape | Extract<Shape, { type: 'map' }>

function itemsByElement(shape: ListShape, items: readonly unknown[]): Map<PathElement, unknown[]> {
  const found = new Map<PathElement, unknown[]>()
  for (const item of items) {
    const element = itemElement(shape, item)
    const same = found.get(element)
    if (same) same.push(item)
    else found.set(element, [item])
  }
  return found
}
