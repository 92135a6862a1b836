import { decodeAnyCarefully } from './careful.ts'

const decoder = new TextDecoder()
/** No whole number that a double does not hold has fewer digits. */
const DIGITS = 16

/** Parses JSON that is known to be right, such as what is kept of an object. Whole numbers beyond 2^53 become bigints. */
export function parseStored(bytes: Uint8Array): unknown {
  const text = decoder.decode(bytes)
  return hasManyDigits(bytes) ? decodeAnyCarefully(text).value : JSON.parse(text)
}

/** Whether so many digits stand in a row; looks at every sixteenth byte, which such a row cannot evade. */
function hasManyDigits(bytes: Uint8Array): boolean {
  for (let at = DIGITS - 1; at < bytes.length; at += DIGITS) {
    if (isDigit(bytes[at]) && isRow(bytes, at)) return true
  }
  return false
}

function isRow(bytes: Uint8Array, at: number): boolean {
  let first = at
  while (isDigit(bytes[first - 1])) first--
  let last = at
  while (isDigit(bytes[last + 1])) last++
  return last - first + 1 >= DIGITS
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}
