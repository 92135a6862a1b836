/**
 * Looks for a few bytes in many (Horspool's algorithm): it compares each stretch from its end and leaps as far as the byte there allows,
 * so that most bytes are never looked at.
 */
export function byteSearch(needle: Uint8Array): (bytes: Uint8Array) => boolean {
  const find = byteFinder(needle)
  return (bytes) => find(bytes, 0) >= 0
}

/** The same, which tells where: the first place at or past `from`, or -1. */
export function byteFinder(needle: Uint8Array): (bytes: Uint8Array, from: number) => number {
  const last = needle.length - 1
  if (last < 0) return (_bytes, from) => from
  const leaps = new Int32Array(256).fill(needle.length)
  for (let i = 0; i < last; i++) leaps[needle[i] ?? 0] = last - i
  return (bytes, from) => {
    const { length } = bytes
    for (let end = from + last; end < length; end += leaps[bytes[end] ?? 0] ?? 1) {
      let i = last
      let at = end
      while (i >= 0 && bytes[at] === needle[i]) {
        i--
        at--
      }
      if (i < 0) return at + 1
    }
    return -1
  }
}
