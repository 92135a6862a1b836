import { isJsonObject } from '../../lib/json-value.ts'
import { getOwn } from '../../lib/own.ts'
import { keyElement, valueElement } from './path-element.ts'
import type { PathElement } from './path-element.ts'
import type { ListShape } from './shape.ts'

/** An item that an associative list cannot tell apart from others. The message is upstream's. */
export class UnidentifiedItem extends Error {}

/** What identifies an item of an associative list. Throws UnidentifiedItem. */
export function itemElement(shape: ListShape, item: unknown): PathElement {
  return shape.keys.length > 0 ? keyedElement(shape, item) : setElement(item)
}

function keyedElement({ keys, names }: ListShape, item: unknown): PathElement {
  if (item === null) throw new UnidentifiedItem('associative list with keys may not have a null element')
  if (!isJsonObject(item)) throw new UnidentifiedItem('associative list with keys may not have non-map elements')
  const found: [string, unknown][] = []
  for (const key of keys) {
    const own = getOwn(item, key.name)
    const value = own === undefined ? key.default : own
    if (value !== undefined) found.push([key.name, value])
  }
  if (found.length === 0) {
    const quoted = names.map((name) => JSON.stringify(name)).join(' ')
    throw new UnidentifiedItem(
      `associative list with keys has an element that omits all key fields [${quoted}] (and doesn't have default values for any key fields)`,
    )
  }
  return keyElement(found)
}

function setElement(item: unknown): PathElement {
  if (Array.isArray(item)) throw new UnidentifiedItem('not supported: associative list with lists as elements')
  if (item === null) throw new UnidentifiedItem("associative list without keys has an element that's an explicit null")
  if (typeof item === 'object')
    throw new UnidentifiedItem("associative list without keys has an element that's a map type")
  return valueElement(item)
}
