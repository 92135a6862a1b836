import {
  BOOL,
  BYTES,
  type CelType,
  type DeclType,
  DOUBLE,
  DYN,
  escapeName,
  INT,
  isReserved,
  listType,
  mapType,
  STRING,
  type StructDecl,
  structsOf,
  structType,
  TIMESTAMP,
} from '../../apimachinery/cel/index.ts'
import type { Schema, StructSchema } from '../../apimachinery/schema.ts'

/** Types of CEL by schemas. An object's type is named after its place; it is made when it is first looked at. */
export class SchemaTypes {
  readonly #structs = new Map<string, StructDecl>()

  /** The struct of a name that this has given. */
  readonly resolve = (name: string): StructDecl | undefined => this.#structs.get(name)

  /** Undefined for what expressions cannot see. */
  typeOf(schema: Schema, name: string): CelType | undefined {
    switch (schema.kind) {
      case 'struct':
        return this.#struct(schema, name)
      case 'map': {
        const values = this.typeOf(schema.values, `${name}.@elem`)
        return values && mapType(STRING, values)
      }
      case 'list': {
        const items = this.typeOf(schema.items, `${name}.@idx`)
        return items && listType(items)
      }
      default:
        return SCALARS[schema.kind]
    }
  }

  /** The type of what a schema of OpenAPI declares. */
  declare(declared: DeclType): CelType {
    for (const struct of structsOf(declared)) this.#structs.set(struct.type.name, struct)
    return declared.type
  }

  #struct(schema: StructSchema, name: string): CelType {
    const type = structType(name)
    if (this.#structs.has(name)) return type
    const field = (escaped: string): CelType | undefined => {
      const known = [...schema.fields.values()].find((one) => isNamed(one.name, escaped))
      return known && this.typeOf(known.schema, `${name}.${escaped}`)
    }
    this.#structs.set(name, { type, field })
    return type
  }
}

function isNamed(property: string, name: string): boolean {
  const escaped = escapeName(property)
  return escaped === name || (isReserved(name) && escaped === `__${name}__`)
}

const SCALARS: Readonly<Record<Exclude<Schema['kind'], 'struct' | 'map' | 'list'>, CelType | undefined>> = {
  string: STRING,
  boolean: BOOL,
  int32: INT,
  int64: INT,
  double: DOUBLE,
  bytes: BYTES,
  time: TIMESTAMP,
  microTime: TIMESTAMP,
  duration: STRING,
  quantity: STRING,
  intOrString: DYN,
  rawExtension: structType('object'),
  fieldsV1: structType('object'),
  any: undefined,
  schemaOrArray: undefined,
  schemaOrBool: undefined,
  schemaOrStrings: undefined,
}
