const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c

/** In JSON that is known to be right: the end of an object or list, past its brace, that is open at `from`. */
export function endOf(bytes: Uint8Array, from: number): number {
  const { length } = bytes
  let depth = 1
  for (let at = from; at < length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      for (at++; at < length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at + 1
  }
  return length
}

/** The end of the value, of any kind, that begins at `from`. */
export function valueEnd(bytes: Uint8Array, from: number): number {
  const first = bytes[from]
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return endOf(bytes, from + 1)
  let at = from
  if (first === QUOTE) {
    for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    return at + 1
  }
  while (at < bytes.length && bytes[at] !== COMMA && bytes[at] !== CLOSE_BRACE && bytes[at] !== CLOSE_BRACKET) at++
  return at
}
