/** The object identifier of organizationName (2.5.4.10) in DER. */
const ORGANIZATION = '55040a'

interface Element {
  readonly tag: number
  readonly content: Uint8Array
}

/**
 * The organizations in the subject of a certification request in DER (RFC 2986): SEQUENCE { SEQUENCE { version, subject, … }, … }. Throws for
 * what is not one.
 */
export function organizations(der: Uint8Array): string[] {
  const [info] = elements(first(elements(der)).content)
  const [, subject] = elements(required(info).content)
  return elements(required(subject).content).flatMap((set) =>
    elements(set.content).flatMap((attribute) => {
      const [type, value] = elements(attribute.content)
      return hex(required(type).content) === ORGANIZATION ? [text(required(value))] : []
    }),
  )
}

function first(list: readonly Element[]): Element {
  return required(list[0])
}

function required(element: Element | undefined): Element {
  if (!element) throw new Error('asn1: structure error: sequence truncated')
  return element
}

/** The elements that follow each other in `bytes` (X.690 section 8.1). */
function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0
    let length = bytes[at + 1] ?? 0
    at += 2
    if (length >= 0x80) {
      const count = length & 0x7f
      length = 0
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[at + i] ?? 0)
      at += count
    }
    if (at + length > bytes.length) throw new Error('asn1: syntax error: data truncated')
    found.push({ tag, content: bytes.subarray(at, at + length) })
    at += length
  }
  return found
}

const BMP_STRING = 0x1e

function text({ tag, content }: Element): string {
  return new TextDecoder(tag === BMP_STRING ? 'utf-16be' : 'utf-8').decode(content)
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
