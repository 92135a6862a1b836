/**
 * The notation of the generated schemas: one line per fact, so that a change of upstream's shows as a readable diff.
 *
 *     struct Container [mapType=atomic]
 *      union type localhostProfile                    a union: its discriminator or -, its members
 *      ... 2 VolumeSource                             an inlined struct, with its protobuf number or -
 *      ports 6 []ContainerPort listType=map default=1 JSON name, protobuf number or -, type, attributes
 *       +k8s:maxItems=32                              declarative validation of the line above
 *     enum Protocol ["SCTP","TCP","UDP"]
 *
 * Types: a scalar's kind, `Name` of the same package, `core/v1.Name` of another, `[]T` a list, `{}T` a map of strings to T, `*T`
 * optional by pointer, `@[]T` a list that is a message of its own in protobuf. The attribute `go` is what Go names the type in
 * errors, where that does not follow; `default` comes last and is JSON.
 */

/** A struct as written; types are still text. */
export interface StructLines {
  readonly mapType?: MapType
  readonly unions: readonly { readonly discriminator?: string; readonly fields: readonly string[] }[]
  readonly members: readonly MemberLine[]
  readonly validations: readonly string[]
}

export interface MemberLine {
  /** `...` for an inlined struct. */
  readonly name: string
  readonly number?: number
  readonly type: string
  readonly attributes: ReadonlyMap<string, string>
  readonly validations: readonly string[]
}

export type MapType = 'granular' | 'atomic'

/** Where each declaration of a package's text begins: offsets by `struct` or `enum` name. */
export function indexDeclarations(text: string): Map<string, number> {
  const index = new Map<string, number>()
  for (const match of text.matchAll(/^(?:struct|enum) (\S+)/gm)) index.set(match[1] ?? '', match.index)
  return index
}

/** Whether the declaration at this offset is an enum. */
export function isEnumAt(text: string, offset: number): boolean {
  return text.startsWith('enum ', offset)
}

/** The values of the enum at this offset. */
export function enumAt(text: string, offset: number): readonly string[] {
  const line = lineAt(text, offset)
  return JSON.parse(line.slice(line.indexOf('['))) as string[]
}

/** The struct at this offset. */
export function structAt(text: string, offset: number): StructLines {
  const head = lineAt(text, offset)
  const unions: { discriminator?: string; fields: string[] }[] = []
  const members: (MemberLine & { validations: string[] })[] = []
  const validations: string[] = []
  for (let at = offset + head.length + 1; text[at] === ' ';) {
    const line = lineAt(text, at)
    at += line.length + 1
    if (line.startsWith('  +')) (members.at(-1)?.validations ?? validations).push(line.slice(2))
    else if (line.startsWith(' union ')) unions.push(parseUnion(line))
    else members.push(parseMember(line))
  }
  const mapType = head.split(' mapType=')[1] as MapType | undefined
  return { ...(mapType && { mapType }), unions, members, validations }
}

function lineAt(text: string, offset: number): string {
  const end = text.indexOf('\n', offset)
  return text.slice(offset, end < 0 ? undefined : end)
}

function parseUnion(line: string): { discriminator?: string; fields: string[] } {
  const [, , discriminator = '-', fields = ''] = line.split(' ')
  return { ...(discriminator !== '-' && { discriminator }), fields: fields.split(',') }
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map()

function parseMember(line: string): MemberLine & { validations: string[] } {
  const defaultAt = line.indexOf(' default=')
  const [, name = '', number = '-', type = '', ...rest] = (defaultAt < 0 ? line : line.slice(0, defaultAt)).split(' ')
  const attributes = rest.map((attribute): [string, string] => {
    const equals = attribute.indexOf('=')
    return equals < 0 ? [attribute, ''] : [attribute.slice(0, equals), attribute.slice(equals + 1)]
  })
  if (defaultAt >= 0) attributes.push(['default', line.slice(defaultAt + ' default='.length)])
  return {
    name,
    ...(number !== '-' && { number: Number(number) }),
    type,
    attributes: attributes.length > 0 ? new Map(attributes) : NO_ATTRIBUTES,
    validations: [],
  }
}
