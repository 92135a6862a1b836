import { derElements, inside, oidOf, present, type DerElement } from './der.ts'

/** What the extensions of a certificate say about those that its holder may sign (RFC 5280 section 4.2.1). */
export interface Constraints {
  /** Whether it may sign certificates; undefined where it says nothing, as before version 3. */
  readonly isAuthority: boolean | undefined
  /** How many authorities may stand below it. */
  readonly pathLength: number
  /** For what those below may be used (object identifiers of extended key usages); anything when absent. */
  readonly usages?: readonly string[]
  /** Whether it limits the names below it, or demands something else that is not known here. */
  readonly demandsMore: boolean
}

const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'
const NAME_CONSTRAINTS = '2.5.29.30'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const KNOWN: ReadonlySet<string> = new Set([KEY_USAGE, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, '2.5.29.14', '2.5.29.35'])
const EXTENSIONS = 0xa3
const BOOLEAN = 0x01
const INTEGER = 0x02
const OCTET_STRING = 0x04
const SIGNS_CERTIFICATES = 0x04

interface Extension {
  readonly oid: string
  readonly critical: boolean
  readonly value: DerElement
}

/** Reads them out of a certificate in DER. Throws an Error for what is none. */
export function readConstraints(der: Uint8Array): Constraints {
  const fields = inside(inside(derElements(der)[0])[0])
  const list = fields.find(({ tag }) => tag === EXTENSIONS)
  if (!list) return { isAuthority: undefined, pathLength: Infinity, demandsMore: false }
  const extensions = inside(inside(list)[0]).map(extensionOf)
  const valueOf = (oid: string): DerElement | undefined => extensions.find((one) => one.oid === oid)?.value
  const basic = valueOf(BASIC_CONSTRAINTS)
  const usage = valueOf(KEY_USAGE)
  const usages = valueOf(EXTENDED_KEY_USAGE)
  const [isAuthority, pathLength] = ofBasic(basic)
  return {
    isAuthority: isAuthority && (!usage || ((usage.content[1] ?? 0) & SIGNS_CERTIFICATES) !== 0),
    pathLength,
    ...(usages && { usages: derElements(usages.content).map(oidOf) }),
    demandsMore: extensions.some(({ oid, critical }) => oid === NAME_CONSTRAINTS || (critical && !KNOWN.has(oid))),
  }
}

function extensionOf(element: DerElement): Extension {
  const parts = inside(element)
  const value = parts.find(({ tag }) => tag === OCTET_STRING)
  const critical = parts.find(({ tag }) => tag === BOOLEAN)?.content[0] ?? 0
  return { oid: oidOf(parts[0]), critical: critical !== 0, value: present(derElements(present(value).content)[0]) }
}

function ofBasic(basic: DerElement | undefined): readonly [isAuthority: boolean, pathLength: number] {
  const parts = basic ? derElements(basic.content) : []
  const length = parts.find(({ tag }) => tag === INTEGER)
  return [
    (parts.find(({ tag }) => tag === BOOLEAN)?.content[0] ?? 0) !== 0,
    length ? length.content.reduce((sum, byte) => sum * 256 + byte, 0) : Infinity,
  ]
}
