import { badRequest } from '../../apimachinery/status.ts'

/**
 * A query as Go reads it (net/url.ParseQuery, whose error the API does not look at): a pair with a semicolon or a broken escape is
 * passed over.
 */
export function parseQuery(text: string): URLSearchParams {
  if (!/[;%]/.test(text)) return new URLSearchParams(text)
  const pairs = text.split('&').filter((pair) => !pair.includes(';') && !/%(?![0-9a-f]{2})/i.test(pair))
  return new URLSearchParams(pairs.join('&'))
}

/** The same as parseInteger. Throws 400. */
export function wholeNumber(text: string): number {
  const value = parseInteger(text)
  if (typeof value !== 'number') throw badRequest(value.problem)
  return value
}

const INT64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n }

/** A whole number of a query as Go's strconv.ParseInt reads it; the reason when it is none. */
export function parseInteger(text: string): number | { readonly problem: string } {
  const said = `strconv.ParseInt: parsing ${JSON.stringify(text)}`
  if (!/^[+-]?\d+$/.test(text)) return { problem: `${said}: invalid syntax` }
  const value = BigInt(text)
  return value < INT64.least || value > INT64.most ? { problem: `${said}: value out of range` } : Number(value)
}
