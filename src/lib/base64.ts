const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/** The bytes in standard base64, padded (RFC 4648 section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = [bytes[at], bytes[at + 1], bytes[at + 2]]
    parts.push(
      ALPHABET.charAt(a >> 2) +
        ALPHABET.charAt(((a & 3) << 4) | ((b ?? 0) >> 4)) +
        (b === undefined ? '=' : ALPHABET.charAt(((b & 15) << 2) | ((c ?? 0) >> 6))) +
        (c === undefined ? '=' : ALPHABET.charAt(c & 63)),
    )
  }
  return parts.join('')
}

/** By how many characters of a group of four were read: where the byte that is complete now begins. */
const SHIFTS = [0, 0, 4, 2]

/**
 * Decodes standard padded base64; line breaks are skipped, as Go does. A number is where the text goes wrong, as in
 * Go's `illegal base64 data at input byte 4`.
 */
export function decodeBase64(text: string): Uint8Array | number {
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let length = 0
  let bits = 0
  let held = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 10 || code === 13) continue
    if (code === 0x3d) {
      const end = padding(text, at, held)
      if (typeof end === 'number') return end
      return out.subarray(0, length)
    }
    const value = code < 128 ? (VALUES[code] ?? -1) : -1
    if (value < 0) return at
    bits = ((bits << 6) | value) & 0xffffff
    if (++held === 4) held = 0
    if (held !== 1) out[length++] = (bits >> (SHIFTS[held] ?? 0)) & 0xff
  }
  return held === 0 ? out.subarray(0, length) : text.length - held
}

/** Checks what stands from the first `=` on, after `held` characters of a group of four. */
function padding(text: string, at: number, held: number): number | undefined {
  if (held < 2) return at
  let rest = at + 1
  const skip = (): void => {
    while (text[rest] === '\n' || text[rest] === '\r') rest++
  }
  skip()
  if (held === 2) {
    if (rest >= text.length) return text.length
    if (text[rest] !== '=') return rest
    rest++
    skip()
  }
  return rest < text.length ? rest : undefined
}
