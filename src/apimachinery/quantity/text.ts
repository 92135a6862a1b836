import { ParseError } from '../parse-error.ts'
import { formatQuantity, milliValueOf, parseQuantity, valueOf } from './quantity.ts'

/** What is wanted of a quantity's text again and again. */
interface Known {
  /** As the API prints it. */
  readonly canonical: string
  readonly value: number
  readonly milliValue: number
}

/** Cluster objects repeat a few texts (`100m`, `1Gi`); a full cache starts over. */
const CACHE_SIZE = 4096
const cache = new Map<string, Known>()

function known(text: string): Known {
  const hit = cache.get(text)
  if (hit) return hit
  const quantity = parseQuantity(text)
  const fresh = { canonical: formatQuantity(quantity), value: valueOf(quantity), milliValue: milliValueOf(quantity) }
  if (cache.size >= CACHE_SIZE) cache.clear()
  if (text.length <= 64) cache.set(text, fresh)
  return fresh
}

/** The text as the API prints it: `0.5` becomes `500m`. Throws ParseError. */
export const canonicalQuantity = (text: string): string => known(text).canonical

/** In whole units, rounded up. An absent quantity is 0. Throws ParseError. */
export const quantityValue = (text: string | undefined): number => (text === undefined ? 0 : known(text).value)

/** In thousandths, rounded up. An absent quantity is 0. Throws ParseError. */
export const quantityMilliValue = (text: string | undefined): number =>
  text === undefined ? 0 : known(text).milliValue

/** Whether the text is a quantity. */
export function isQuantity(text: string): boolean {
  try {
    known(text)
    return true
  } catch (error) {
    if (error instanceof ParseError) return false
    throw error
  }
}
