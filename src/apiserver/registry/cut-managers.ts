import { valueEnd } from './json-bytes.ts'

const KEY = new TextEncoder().encode('"managedFields":')
const QUOTE = 0x22
const COMMA = 0x2c

/**
 * An object's bytes without metadata.managedFields; the same bytes when it has none. `metadata`: where the first field of metadata
 * begins. They are a third of many objects.
 */
export function cutManagers(bytes: Uint8Array, metadata: number): Uint8Array {
  for (let at = metadata; bytes[at] === QUOTE;) {
    const value = valueEnd(bytes, at) + 1
    const end = valueEnd(bytes, value)
    if (isKey(bytes, at)) return without(bytes, at, end)
    if (bytes[end] !== COMMA) return bytes
    at = end + 1
  }
  return bytes
}

function isKey(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < KEY.length; i++) if (bytes[at + i] !== KEY[i]) return false
  return true
}

/** Without one field and a comma beside it. */
function without(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const start = bytes[from - 1] === COMMA ? from - 1 : from
  const end = start === from && bytes[to] === COMMA ? to + 1 : to
  const rest = new Uint8Array(bytes.length - (end - start))
  rest.set(bytes.subarray(0, start))
  rest.set(bytes.subarray(end), start)
  return rest
}
