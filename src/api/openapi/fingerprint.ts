/** A short name for a text, the same for the same text: 53 bits of two 32-bit FNV-1a hashes. Not for secrets. */
export function fingerprint(text: string): string {
  let low = 0x811c9dc5
  let high = 0xc9dc5118
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ (code + i), 0x01000193)
  }
  return ((high >>> 11) * 2 ** 32 + (low >>> 0)).toString(36).toUpperCase()
}
