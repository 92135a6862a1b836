/** An element of DER, written (X.690 section 8.1). */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = [tag, ...lengthOf(length)]
  const written = new Uint8Array(head.length + length)
  written.set(head)
  let at = head.length
  for (const part of parts) {
    written.set(part, at)
    at += part.length
  }
  return written
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff)
  return [0x80 | bytes.length, ...bytes]
}
