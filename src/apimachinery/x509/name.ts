import { der } from './der-write.ts'
import { derElements, type DerElement, inside, oidOf, present, stringOf } from './der.ts'

/** A subject, as Go's pkix.Name reads it. */
export interface SubjectName {
  /** The last one, where there are several. Empty when there is none. */
  readonly commonName: string
  readonly organizations: readonly string[]
  /** All attributes in order: object identifier and value. */
  readonly attributes: readonly (readonly [type: string, value: string])[]
}

const COMMON_NAME = '2.5.4.3'
const ORGANIZATION = '2.5.4.10'

/** Reads a Name: a sequence of sets of attributes (RFC 5280 section 4.1.2.4). A set of several counts as several. */
export function readName(element: DerElement | undefined): SubjectName {
  const attributes = derElements(present(element).content).flatMap((set) =>
    inside(set).map((attribute): readonly [string, string] => {
      const [type, value] = inside(attribute)
      return [oidOf(type), stringOf(value)]
    }),
  )
  const values = (wanted: string): string[] => attributes.flatMap(([type, value]) => (type === wanted ? [value] : []))
  return { commonName: values(COMMON_NAME).at(-1) ?? '', organizations: values(ORGANIZATION), attributes }
}

/** Types of attributes under 2.5.4, as Go writes them: in this order, all values of one type in one set. */
const TAKEN_OVER = [
  6, // country
  10, // organization
  11, // organizational unit
  7, // locality
  8, // province
  9, // street address
  17, // postal code
]
/** Of these the last value counts: common name and serial number. */
const SINGLE = [3, 5]

const [SEQUENCE, SET, OBJECT_IDENTIFIER, UTF8_STRING, PRINTABLE_STRING] = [0x30, 0x31, 0x06, 0x0c, 0x13] as const

/**
 * The subject of a certificate for whom a request names, in DER, as Go writes its pkix.Name: of the attributes, those that it knows. The
 * values are written as they are: none of their characters means anything.
 */
export function writeName({ attributes }: Pick<SubjectName, 'attributes'>): Uint8Array {
  const values = (type: number): string[] =>
    attributes.flatMap(([one, value]) => (one === `2.5.4.${type}` ? [value] : []))
  const sets = [
    ...TAKEN_OVER.map((type) => setOf(type, values(type))),
    ...SINGLE.map((type) => setOf(type, values(type).slice(-1))),
  ]
  return der(SEQUENCE, ...sets.flat())
}

function setOf(type: number, values: readonly string[]): Uint8Array[] {
  const attributes = values.map((value) => {
    const string = der(isPrintable(value) ? PRINTABLE_STRING : UTF8_STRING, new TextEncoder().encode(value))
    return der(SEQUENCE, der(OBJECT_IDENTIFIER, Uint8Array.of(0x55, 4, type)), string)
  })
  return attributes.length === 0 ? [] : [der(SET, ...attributes.toSorted(byBytes))]
}

const isPrintable = (value: string): boolean => /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value)

/** DER orders the elements of a set. */
function byBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1)
}
