import { goQuote } from './quote.ts'

/** Go's strconv.Atoi: the whole number that the text spells, or the message of why it spells none. */
export function atoi(text: string): number | string {
  if (!/^[+-]?\d+$/.test(text)) return `strconv.Atoi: parsing ${goQuote(text)}: invalid syntax`
  const value = text.length > 40 ? 2n ** 64n : BigInt(text.replace(/^\+/, ''))
  if (BigInt.asIntN(64, value) !== value) return `strconv.Atoi: parsing ${goQuote(text)}: value out of range`
  return Number(value)
}
