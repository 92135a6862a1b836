import { concatenated } from '../../lib/bytes.ts'
import { cutManagers } from '../registry/cut-managers.ts'
import { valueEnd } from '../registry/json-bytes.ts'
import type { RawJson } from './event.ts'

const encoder = new TextEncoder()
const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b

const field = (name: string): Uint8Array => encoder.encode(`"${name}":`)
const METADATA = field('metadata')
const ITEMS = field('items')
const ROWS = field('rows')
const OBJECT = field('object')

/**
 * JSON that the server wrote, of an object, of a list or of a table, without the managedFields of any object in it. They are cut out;
 * nothing is parsed.
 */
export function withoutManagers(json: RawJson): RawJson {
  return cut(typeof json === 'string' ? encoder.encode(json) : json)
}

function cut(json: Uint8Array): Uint8Array {
  let bytes = cutOwn(json)
  for (const [list, inner] of [
    [ITEMS, undefined],
    [ROWS, OBJECT],
  ] as const) {
    const at = valueAt(bytes, list)
    if (at !== undefined && bytes[at] === OPEN_BRACKET) bytes = cutEach(bytes, at, inner)
  }
  return bytes
}

/** Of one object. */
function cutOwn(bytes: Uint8Array): Uint8Array {
  const metadata = valueAt(bytes, METADATA)
  return metadata !== undefined && bytes[metadata] === OPEN_BRACE ? cutManagers(bytes, metadata + 1) : bytes
}

/** Of each item of the list that begins at `from`, or of the object that `inner` names in it. */
function cutEach(bytes: Uint8Array, from: number, inner: Uint8Array | undefined): Uint8Array {
  const parts = [bytes.subarray(0, from + 1)]
  let at = from + 1
  while (bytes[at] === OPEN_BRACE) {
    const end = valueEnd(bytes, at)
    const item = bytes.subarray(at, end)
    parts.push(inner ? cutInside(item, inner) : cutOwn(item))
    at = end
    if (bytes[at] === COMMA) parts.push(bytes.subarray(at, ++at))
  }
  parts.push(bytes.subarray(at))
  return concatenated(parts)
}

function cutInside(item: Uint8Array, name: Uint8Array): Uint8Array {
  const at = valueAt(item, name)
  if (at === undefined || item[at] !== OPEN_BRACE) return item
  const end = valueEnd(item, at)
  return concatenated([item.subarray(0, at), cutOwn(item.subarray(at, end)), item.subarray(end)])
}

/** Where the value of an object's own field begins. */
function valueAt(bytes: Uint8Array, key: Uint8Array): number | undefined {
  for (let at = 1; bytes[at] === QUOTE;) {
    const value = valueEnd(bytes, at) + 1
    if (begins(bytes, at, key)) return value
    const end = valueEnd(bytes, value)
    if (bytes[end] !== COMMA) return undefined
    at = end + 1
  }
  return undefined
}

function begins(bytes: Uint8Array, at: number, key: Uint8Array): boolean {
  for (let i = 0; i < key.length; i++) if (bytes[at + i] !== key[i]) return false
  return true
}
