import { MAX_KEY_BYTES, StoreError, type Write } from './store.ts'

/** Orders keys by their UTF-8 bytes, without encoding them. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** UTF-16 puts surrogates (code points from U+10000) before U+E000 to U+FFFF; UTF-8 puts them after. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

/** Throws StoreError unless every store could keep this. */
export function checkWrite({ key, ttlMs }: Write): void {
  checkKey(key)
  if (ttlMs !== undefined && !(ttlMs > 0 && ttlMs < MAX_TTL_MS)) throw new StoreError(`bad time to live: ${ttlMs} ms`)
}

/** A thousand years. */
const MAX_TTL_MS = 1000 * 366 * 86_400_000

function checkKey(key: string): void {
  if (key.length === 0) throw new StoreError('a key must not be empty')
  if (!key.isWellFormed()) throw new StoreError('a key must be well-formed Unicode')
  if (key.includes('\0')) throw new StoreError('a key must not contain NUL')
  if (key.length * 3 > MAX_KEY_BYTES && utf8Length(key) > MAX_KEY_BYTES)
    throw new StoreError(`a key must not be longer than ${MAX_KEY_BYTES} bytes`)
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length
}
