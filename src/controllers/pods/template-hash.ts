/** Upstream's alphabet of generated names, in which the digits of a hash are written. */
const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/**
 * A short hash of a JSON value, fit for names and labels, in the form of upstream's pod-template-hash: the digits of a
 * 32-bit FNV-1a in an alphabet without vowels. The order of an object's keys doesn't matter.
 * @param collisions how often the hash of this value was found taken; gives another hash
 */
export function templateHash(template: unknown, collisions = 0): string {
  const text = canonical(template) + (collisions > 0 ? `#${collisions}` : '')
  return Array.from(String(fnv1a(text)), (digit) => SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length]).join('')
}

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  const parts = entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
  return `{${parts.join(',')}}`
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
