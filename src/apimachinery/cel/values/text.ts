const encoder = new TextEncoder()

/** A string's UTF-8 bytes. */
export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The string that UTF-8 bytes spell, undefined if they are none. */
export function utf8Decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** A string's length in code points: the size that CEL speaks of. */
export function codePoints(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length - 1; i++) {
    const c = text.charCodeAt(i)
    if (c >= 0xd800 && c < 0xdc00) {
      const next = text.charCodeAt(i + 1)
      if (next >= 0xdc00 && next < 0xe000) {
        count--
        i++
      }
    }
  }
  return count
}

/** Orders strings by their code points, as their UTF-8 bytes order. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return weight(x) < weight(y) ? -1 : 1
  }
  return Math.sign(a.length - b.length)
}

/** Surrogates stand for code points above all others of 16 bits. */
function weight(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}
