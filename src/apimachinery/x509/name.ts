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
