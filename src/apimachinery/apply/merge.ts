import { isJsonObject } from '../../lib/json-value.ts'
import { getOwn, setOwn } from '../../lib/own.ts'
import type { Schema } from '../schema.ts'
import { itemElement } from './list-item.ts'
import type { PathElement } from './path-element.ts'
import { ANY, shapeOf, shapeOfValue } from './shape.ts'
import type { ListShape, Shape } from './shape.ts'

type JsonObject = Record<string, unknown>

/**
 * Puts what is applied on top of what is live: objects by entries, associative lists by items, the rest as wholes.
 * Neither is changed; the result shares parts of both. Undefined values are absent. Throws UnidentifiedItem.
 */
export function merge(schema: Schema, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live
  if (live === undefined) return applied
  const shape = shapeOfValue(shapeOf(schema), applied)
  switch (shape.type) {
    case 'leaf':
    case 'any':
      return applied
    case 'list':
      return mergeLists(shape, live, applied)
    case 'struct':
    case 'map':
      return mergeMaps(shape, live, applied)
  }
}

function mergeMaps(shape: Extract<Shape, { type: 'struct' | 'map' }>, live: unknown, applied: unknown): unknown {
  const left = isJsonObject(live) ? live : {}
  const right = isJsonObject(applied) ? applied : {}
  const merged: JsonObject = {}
  const put = (key: string): void => {
    const field = shape.type === 'struct' ? shape.fields.get(key)?.schema : shape.values
    setOwn(merged, key, merge(field ?? ANY, getOwn(left, key), getOwn(right, key)))
  }
  for (const key of Object.keys(left)) put(key)
  for (const key of Object.keys(right)) if (!Object.hasOwn(left, key)) put(key)
  return isEmpty(left) && isEmpty(right) ? applied : merged
}

const isEmpty = (object: JsonObject): boolean => Object.keys(object).length === 0

function mergeLists(shape: ListShape, live: unknown, applied: unknown): unknown {
  const left = Array.isArray(live) ? (live as readonly unknown[]) : []
  const right = Array.isArray(applied) ? (applied as readonly unknown[]) : []
  if (left.length === 0 && right.length === 0) return applied
  return new ListMerge(shape, left, right).run()
}

/**
 * Merges two lists by their items. Applied items keep their order; live ones that are not applied stay near the
 * shared items they stood by.
 */
class ListMerge {
  readonly #shape: ListShape
  readonly #left: readonly unknown[]
  readonly #leftElements: readonly PathElement[]
  readonly #rightElements: readonly PathElement[]
  /** Undefined for an element that stands more than once in the live list. */
  readonly #leftItems = new Map<PathElement, unknown>()
  readonly #rightItems: ReadonlyMap<PathElement, unknown>
  readonly #shared: PathElement[]
  readonly #merged = new Set<PathElement>()
  readonly #out: unknown[] = []

  constructor(shape: ListShape, left: readonly unknown[], right: readonly unknown[]) {
    this.#shape = shape
    this.#left = left
    this.#leftElements = left.map((item) => itemElement(shape, item))
    this.#rightElements = right.map((item) => itemElement(shape, item))
    this.#leftElements.forEach((element, index) =>
      this.#leftItems.set(element, this.#leftItems.has(element) ? undefined : left[index]),
    )
    this.#rightItems = new Map(this.#rightElements.map((element, index) => [element, right[index]]))
    this.#shared = this.#rightElements.filter((element) => this.#leftItems.has(element))
  }

  run(): unknown[] {
    let nextShared = this.#shared.shift()
    for (let l = 0, r = 0; l < this.#leftElements.length || r < this.#rightElements.length;) {
      const [left, right] = [this.#leftElements[l], this.#rightElements[r]]
      if (left !== undefined && left === right) {
        this.#mergeItem(left)
        l++
        r++
        nextShared = this.#shared.shift()
      } else if (left !== undefined && right !== undefined && this.#isLaterShared(left, nextShared)) l++
      else if (left !== undefined && !this.#rightItems.has(left)) this.#out.push(this.#left[l++])
      else {
        if (left !== undefined && this.#merged.has(left)) l++
        if (right === undefined) continue
        this.#mergeItem(right)
        r++
        if (right === nextShared) nextShared = this.#shared.shift()
      }
    }
    return this.#out
  }

  /** A live item that will come with the applied ones, after the next that both lists have. */
  #isLaterShared(element: PathElement, nextShared: PathElement | undefined): boolean {
    return this.#rightItems.has(element) && nextShared !== undefined && nextShared !== element
  }

  #mergeItem(element: PathElement): void {
    this.#merged.add(element)
    this.#out.push(merge(this.#shape.items, this.#leftItems.get(element), this.#rightItems.get(element)))
  }
}
