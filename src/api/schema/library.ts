import type {
  FieldSchema,
  ListSchema,
  MapSchema,
  ScalarSchema,
  Schema,
  StructSchema,
} from '../../apimachinery/schema.ts'
import {
  enumAt,
  indexDeclarations,
  isEnumAt,
  structAt,
  type MapType,
  type MemberLine,
  type StructLines,
} from './notation.ts'

/** A generated package: its schemas in notation.ts's notation. */
export interface SchemaPackage {
  /** `core/v1`. */
  readonly key: string
  /** What its model names begin with: `io.k8s.api.core.v1`. */
  readonly model: string
  readonly text: string
}

/**
 * Schemas by upstream's OpenAPI model name. Nothing is read before it is asked for: a package's text is indexed when the first
 * of its types is, a struct's lines are parsed when its fields are first read. Every answer is kept.
 */
export class SchemaLibrary {
  readonly #byModel: ReadonlyMap<string, LazyPackage>
  readonly #byKey: ReadonlyMap<string, LazyPackage>

  constructor(packages: readonly SchemaPackage[]) {
    const lazy = packages.map((pkg) => new LazyPackage(pkg, (ref) => this.#resolve(ref)))
    this.#byModel = new Map(lazy.map((pkg) => [pkg.model, pkg]))
    this.#byKey = new Map(lazy.map((pkg) => [pkg.key, pkg]))
  }

  /** The struct with this model name, such as `io.k8s.api.core.v1.Pod`, or undefined. */
  find(name: string): StructSchema | undefined {
    const dot = name.lastIndexOf('.')
    const schema = this.#byModel.get(name.slice(0, dot))?.type(name.slice(dot + 1))
    return schema?.kind === 'struct' ? schema : undefined
  }

  /** The model names of a package's structs, in upstream's order; empty for a package that isn't there. */
  structsOf(model: string): string[] {
    return (this.#byModel.get(model)?.structNames() ?? []).map((name) => `${model}.${name}`)
  }

  /** `core/v1.Name`. */
  #resolve(ref: string): Schema {
    const dot = ref.indexOf('.')
    const schema = this.#byKey.get(ref.slice(0, dot))?.type(ref.slice(dot + 1))
    if (!schema) throw new Error(`the generated schemas refer to ${ref}, which is not there`)
    return schema
  }
}

class LazyPackage {
  readonly key: string
  readonly model: string
  readonly #text: string
  readonly #resolveForeign: (ref: string) => Schema
  readonly #types = new Map<string, Schema>()
  #index: Map<string, number> | undefined

  constructor(pkg: SchemaPackage, resolveForeign: (ref: string) => Schema) {
    this.key = pkg.key
    this.model = pkg.model
    this.#text = pkg.text
    this.#resolveForeign = resolveForeign
  }

  structNames(): string[] {
    return [...this.#offsets()].filter(([, offset]) => !isEnumAt(this.#text, offset)).map(([name]) => name)
  }

  type(name: string): Schema | undefined {
    const known = this.#types.get(name)
    if (known) return known
    const offset = this.#offsets().get(name)
    if (offset === undefined) return undefined
    const schema: Schema = isEnumAt(this.#text, offset)
      ? { kind: 'string', enum: enumAt(this.#text, offset), goType: `${versionOf(this.key)}.${name}` }
      : new LazyStruct(`${this.model}.${name}`, structAt(this.#text, offset), (ref) => this.#reference(ref))
    this.#types.set(name, schema)
    return schema
  }

  #offsets(): Map<string, number> {
    return (this.#index ??= indexDeclarations(this.#text))
  }

  #reference(ref: string): Schema {
    const scalar = SCALARS[ref]
    if (scalar) return scalar
    if (ref.includes('.')) return this.#resolveForeign(ref)
    const schema = this.type(ref)
    if (!schema) throw new Error(`${this.key} refers to ${ref}, which is not there`)
    return schema
  }
}

/** The name of a Go package: the last part of its path. */
const versionOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1)

/** One object per scalar kind. The type makes sure that none is forgotten. */
const SCALARS: Readonly<Record<string, ScalarSchema>> = {
  string: { kind: 'string' },
  boolean: { kind: 'boolean' },
  int32: { kind: 'int32' },
  int64: { kind: 'int64' },
  double: { kind: 'double' },
  bytes: { kind: 'bytes' },
  time: { kind: 'time' },
  microTime: { kind: 'microTime' },
  duration: { kind: 'duration' },
  quantity: { kind: 'quantity' },
  intOrString: { kind: 'intOrString' },
  rawExtension: { kind: 'rawExtension' },
  fieldsV1: { kind: 'fieldsV1' },
  any: { kind: 'any' },
  schemaOrArray: { kind: 'schemaOrArray' },
  schemaOrBool: { kind: 'schemaOrBool' },
  schemaOrStrings: { kind: 'schemaOrStrings' },
} satisfies { [K in ScalarSchema['kind']]: { kind: K } }

/** A struct whose fields are put together when they are first read, so that recursive types are no matter. */
class LazyStruct implements StructSchema {
  readonly kind = 'struct'
  readonly name: string
  readonly mapType?: MapType
  readonly unions?: StructSchema['unions'] & {}
  readonly validations?: readonly string[]
  readonly #members: readonly MemberLine[]
  readonly #resolve: (ref: string) => Schema
  #fields: ReadonlyMap<string, FieldSchema> | undefined

  constructor(name: string, lines: StructLines, resolve: (ref: string) => Schema) {
    this.name = name
    this.#members = lines.members
    this.#resolve = resolve
    if (lines.mapType) this.mapType = lines.mapType
    if (lines.unions.length > 0) this.unions = lines.unions
    if (lines.validations.length > 0) this.validations = lines.validations
  }

  get fields(): ReadonlyMap<string, FieldSchema> {
    return (this.#fields ??= new Map(this.#members.flatMap((member) => this.#flatten(member)).map((f) => [f.name, f])))
  }

  #flatten(member: MemberLine): FieldSchema[] {
    if (member.name !== '...') return [fieldOf(member, this.#resolve)]
    const inlined = this.#resolve(member.type)
    if (inlined.kind !== 'struct') throw new Error(`${this.name} inlines ${member.type}, which is no struct`)
    const name = inlined.name.slice(inlined.name.lastIndexOf('.') + 1)
    return [...inlined.fields.values()].map((field) => nested(field, member.number, name))
  }
}

/** A field of an inlined struct, seen from the struct that inlines it under a protobuf number. Without one, protobuf leaves it out (apiVersion and kind). */
function nested(field: FieldSchema, outer: number | undefined, by: string): FieldSchema {
  const { number, protoPath, ...own } = field
  const rest = { ...own, inlinedBy: [by, ...(own.inlinedBy ?? [])] }
  if (outer === undefined || number === undefined) return rest
  return { ...rest, number, protoPath: [outer, ...(protoPath ?? [number])] }
}

function fieldOf(member: MemberLine, resolve: (ref: string) => Schema): FieldSchema {
  const { name, number, attributes, validations } = member
  const pointer = member.type.startsWith('*')
  const defaultJson = attributes.get('default')
  const patchStrategy = attributes.get('patchStrategy')
  const patchMergeKey = attributes.get('patchMergeKey')
  return {
    name,
    schema: withGoType(
      withAttributes(typeOf(pointer ? member.type.slice(1) : member.type, resolve), attributes),
      attributes.get('go'),
    ),
    ...(number !== undefined && { number }),
    ...(attributes.has('required') && { required: true }),
    ...(attributes.has('always') && { alwaysWritten: true }),
    ...(pointer && { pointer }),
    ...(defaultJson !== undefined && { default: JSON.parse(defaultJson) as unknown }),
    ...(patchStrategy && { patchStrategy: patchStrategy.split(',') as NonNullable<FieldSchema['patchStrategy']> }),
    ...(patchMergeKey && { patchMergeKey }),
    ...(validations.length > 0 && { validations }),
  }
}

function typeOf(text: string, resolve: (ref: string) => Schema): Schema {
  if (text.startsWith('[]')) return { kind: 'list', items: typeOf(text.slice(2), resolve) }
  if (text.startsWith('@[]')) return { kind: 'list', items: typeOf(text.slice(3), resolve), wrapped: true }
  if (text.startsWith('{}')) return { kind: 'map', values: typeOf(text.slice(2), resolve) }
  return resolve(text)
}

function withAttributes(schema: Schema, attributes: ReadonlyMap<string, string>): Schema {
  const mapType = attributes.get('mapType') as MapType | undefined
  if (schema.kind === 'list') return withListType(schema, attributes)
  if (!mapType) return schema
  if (schema.kind === 'map') return { ...schema, mapType } satisfies MapSchema
  if (schema.kind === 'struct') return retyped(schema, mapType)
  return schema
}

/** The type, and what is in it, with the names that Go has for them. */
function withGoType(schema: Schema, go: string | undefined): Schema {
  if (go === undefined || schema.kind === 'struct') return schema
  const inside = /^(?:\[\]|map\[[^\]]*\])(.+)$/.exec(go)?.[1]
  if (schema.kind === 'list') return { ...schema, goType: go, items: withGoType(schema.items, inside) }
  if (schema.kind === 'map') return { ...schema, goType: go, values: withGoType(schema.values, inside) }
  return { ...schema, goType: go }
}

function withListType(schema: ListSchema, attributes: ReadonlyMap<string, string>): ListSchema {
  const listType = attributes.get('listType') as ListSchema['listType']
  const keys = attributes.get('listMapKeys')
  return { ...schema, ...(listType && { listType }), ...(keys && { listMapKeys: keys.split(',') }) }
}

/** The struct as one field has it, with a map type of its own. */
function retyped(schema: StructSchema, mapType: MapType): StructSchema {
  return {
    kind: 'struct',
    name: schema.name,
    mapType,
    get fields() {
      return schema.fields
    },
    ...(schema.unions && { unions: schema.unions }),
  }
}
