/**
 * How deep an answered body may nest. Upstream allows 10,000; a JavaScript stack does not hold that many calls of
 * everything that later walks the object, and no real object comes near.
 */
export const MAX_DEPTH = 1000

/** What one pass over the bytes of a JSON text tells, before it is parsed. Counts mean nothing for text that is not valid. */
export interface Scan {
  /** How many keys all objects have together, counting repeated ones. */
  readonly keys: number
  /** The text has something that JSON.parse does not keep exactly: a fraction, an exponent, a long number, half a surrogate. */
  readonly inexact: boolean
  readonly depth: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const ZERO = 0x30
const NINE = 0x39

/** Numbers of up to 15 digits are exact in a double. */
const EXACT_DIGITS = 15

/** Scans the bytes once, allocating nothing but the answer. */
export function scanJson(bytes: Uint8Array): Scan {
  let keys = 0
  let depth = 0
  let deepest = 0
  let inexact = false
  const end = bytes.length
  for (let at = 0; at < end; at++) {
    const c = bytes[at] ?? 0
    if (c === QUOTE) {
      at = stringEnd(bytes, at + 1)
      if (at < 0) {
        inexact = true
        at = ~at
      }
    } else if (c === COLON) keys++
    else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      if (++depth > deepest) deepest = depth
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) depth--
    else if (c >= ZERO && c <= NINE) {
      const start = at
      while (isDigit(bytes[at + 1])) at++
      const next = bytes[at + 1]
      if (at - start >= EXACT_DIGITS || next === 0x2e || next === 0x65 || next === 0x45) inexact = true
    }
  }
  return { keys, inexact, depth: deepest }
}

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= ZERO && c <= NINE

/** Where the string that begins before `at` ends; its complement when it escapes a surrogate. */
function stringEnd(bytes: Uint8Array, at: number): number {
  let surrogate = false
  const end = bytes.length
  while (at < end) {
    const c = bytes[at]
    if (c === QUOTE) break
    if (c === BACKSLASH) {
      // \ud800 to \udfff
      if (bytes[at + 1] === 0x75 && ((bytes[at + 2] ?? 0) | 0x20) === 0x64 && (bytes[at + 3] ?? 0) >= 0x38)
        surrogate = true
      at++
    }
    at++
  }
  return surrogate ? ~at : at
}
