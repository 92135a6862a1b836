/** An element of DER (X.690): its tag and what it holds. */
export interface DerElement {
  readonly tag: number
  readonly content: Uint8Array
}

/** A context-specific tag, constructed: `[n]`. */
export const CONTEXT_CONSTRUCTED = 0xa0

const BMP_STRING = 0x1e
const UTC_TIME = 0x17
const OCTET_STRING = 0x04
/** More bytes of length than any document here can have. */
const MAX_LENGTH_BYTES = 4

/** The elements that follow each other in `bytes` (X.690 section 8.1). Throws for what is cut short or has no definite length. */
export function derElements(bytes: Uint8Array): DerElement[] {
  const found: DerElement[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0
    let length = bytes[at + 1]
    at += 2
    if (length === undefined) throw new Error('asn1: syntax error: data truncated')
    if (length >= 0x80) {
      const count = length & 0x7f
      if (count === 0 || count > MAX_LENGTH_BYTES) throw new Error('asn1: structure error: invalid length')
      length = bytes.subarray(at, at + count).reduce((sum, byte) => sum * 256 + byte, 0)
      at += count
    }
    if (at + length > bytes.length) throw new Error('asn1: syntax error: data truncated')
    found.push({ tag, content: bytes.subarray(at, at + length) })
    at += length
  }
  return found
}

/** The element itself; throws when there is none. */
export function present(element: DerElement | undefined): DerElement {
  if (!element) throw new Error('asn1: structure error: sequence truncated')
  return element
}

/** What a sequence or set holds; throws when there is none. */
export function inside(element: DerElement | undefined): DerElement[] {
  return derElements(present(element).content)
}

/** An object identifier, such as `2.5.4.3`. */
export function oidOf(element: DerElement | undefined): string {
  const numbers: number[] = []
  let held = 0
  for (const byte of present(element).content) {
    held = held * 128 + (byte & 0x7f)
    if (byte >= 0x80) continue
    numbers.push(held)
    held = 0
  }
  const [head = 0, ...rest] = numbers
  const first = Math.min(2, Math.floor(head / 40))
  return [first, head - first * 40, ...rest].join('.')
}

/** A string of any of DER's kinds. */
export function stringOf(element: DerElement | undefined): string {
  const { tag, content } = present(element)
  return new TextDecoder(tag === BMP_STRING ? 'utf-16be' : 'utf-8').decode(content)
}

/** What an octet string holds. */
export function octetsOf(element: DerElement | undefined): Uint8Array {
  const { tag, content } = present(element)
  if (tag !== OCTET_STRING) throw new Error('asn1: structure error: tags do not match')
  return content
}

/** A UTCTime or GeneralizedTime, in ms since the Unix epoch (RFC 5280 section 4.1.2.5). */
export function timeOf(element: DerElement | undefined): number {
  const text = stringOf(element)
  const century = present(element).tag === UTC_TIME ? (Number(text.slice(0, 2)) >= 50 ? '19' : '20') : ''
  const time = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text)
  if (!time) throw new Error(`asn1: structure error: cannot read the time ${JSON.stringify(text)}`)
  const [, year, month, day, hour, minute, second] = time.map(Number)
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
}
