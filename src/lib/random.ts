/** The only source of chance outside this folder. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** `length` random bytes. */
  bytes(length: number): Uint8Array
}

/** Asking the host for few bytes costs as much as for many. */
const POOL_BYTES = 4096

/** The host's cryptographically strong source. */
export const systemRandom: Random = hostRandom()

function hostRandom(): Random {
  const pool = new Uint8Array(POOL_BYTES)
  let left = 0
  return {
    next: () => Math.random(),
    bytes(length) {
      if (length > POOL_BYTES) return crypto.getRandomValues(new Uint8Array(length))
      if (left < length) {
        crypto.getRandomValues(pool)
        left = POOL_BYTES
      }
      left -= length
      const taken = pool.slice(left, left + length)
      // Handed out once: nobody may find it here later.
      pool.fill(0, left, left + length)
      return taken
    },
  }
}

/** A reproducible source for tests (mulberry32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { next, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)) }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** A version 4 UUID (RFC 9562). */
export function uuid(random: Random): string {
  const b = random.bytes(16)
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x40
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80
  let text = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-'
    text += HEX[b[i] ?? 0]
  }
  return text
}

/** Upstream's alphabet for generated names: no vowels, nothing that reads like another character. */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** `length` characters for the end of a generated name. */
export function nameSuffix(random: Random, length = 5): string {
  return Array.from({ length }, () => NAME_ALPHABET[Math.floor(random.next() * NAME_ALPHABET.length)]).join('')
}
