import type { StructDecl } from '../check/provider.ts'
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  STRING,
  structType,
  TIMESTAMP,
} from '../check/types.ts'
import type { SizeEstimator } from '../cost/estimate.ts'
import { escapeName, isReserved } from '../escape.ts'
import { MAX_REQUEST_SIZE_BYTES } from '../limits.ts'
import { type CelSchema, valueSchema, withTypeAndObjectMeta } from './schema.ts'

/** What a schema declares: a type, and how large its data can be. */
export interface DeclType {
  readonly type: CelType
  /** An object's fields, by their escaped names. */
  readonly fields?: ReadonlyMap<string, DeclType>
  /** A list's or map's element. */
  readonly element?: DeclType
  /** Whether `element` is a map's. */
  readonly map?: boolean
  /** The most characters, elements or entries. */
  readonly maxElements: number
  /** The fewest bytes of its JSON. */
  readonly minSerializedSize: number
}

const MAX_STRING = MAX_REQUEST_SIZE_BYTES - 2
const KEY: DeclType = { type: STRING, maxElements: 0, minSerializedSize: 2 }

/**
 * The declaration of a schema; undefined if rules cannot see its data. Objects are named after their place under
 * `name`. `root`: the schema is a resource's own.
 */
export function declTypeOf(schema: CelSchema, root: boolean, name: string): DeclType | undefined {
  if (schema['x-kubernetes-int-or-string']) {
    return { type: DYN, maxElements: maxLength(schema) ?? MAX_STRING, minSerializedSize: 1 }
  }
  const whole = root ? withTypeAndObjectMeta(schema) : schema
  switch (whole.type) {
    case 'array':
      return declList(whole, name)
    case 'object':
      return valueSchema(whole) === undefined ? declObject(whole, name) : declMap(whole, name)
    case 'string':
      return declString(whole)
    case 'boolean':
      return { type: BOOL, maxElements: 0, minSerializedSize: 4 }
    case 'number':
      return { type: DOUBLE, maxElements: 0, minSerializedSize: 1 }
    case 'integer':
      return { type: INT, maxElements: 0, minSerializedSize: 1 }
    default:
      return undefined
  }
}

function declInner(schema: CelSchema, name: string): DeclType | undefined {
  return declTypeOf(schema, schema['x-kubernetes-embedded-resource'] === true, name)
}

function declList(schema: CelSchema, name: string): DeclType | undefined {
  const element = schema.items && declInner(schema.items, `${name}.@idx`)
  if (element === undefined) return undefined
  const fitting = Math.floor((MAX_REQUEST_SIZE_BYTES - 2) / (element.minSerializedSize + 1))
  const maxElements = schema.maxItems === undefined ? fitting : Math.max(0, schema.maxItems)
  return { type: listType(element.type), element, maxElements, minSerializedSize: 2 }
}

function declMap(schema: CelSchema, name: string): DeclType | undefined {
  const values = valueSchema(schema)
  const element = values && declInner(values, `${name}.@elem`)
  if (element === undefined) return undefined
  const fitting = Math.floor((MAX_REQUEST_SIZE_BYTES - 2) / (element.minSerializedSize + 6))
  const maxElements = schema.maxProperties === undefined ? fitting : Math.max(0, schema.maxProperties)
  return { type: mapType(STRING, element.type), element, map: true, maxElements, minSerializedSize: 2 }
}

function declObject(schema: CelSchema, name: string): DeclType {
  const fields = new Map<string, DeclType>()
  const required = new Set(schema.required)
  let minSerializedSize = 2
  for (const [property, inner] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(property)
    const field = declInner(inner, `${name}.${escaped ?? property}`)
    if (field === undefined) continue
    if (escaped !== undefined) fields.set(escaped, field)
    if (required.has(property) && (inner.default === undefined || inner.default === null)) {
      minSerializedSize += utf8Length(property) + field.minSerializedSize + 4
    }
  }
  return { type: structType(name), fields, maxElements: 0, minSerializedSize }
}

const encoder = new TextEncoder()
const utf8Length = (text: string): number => encoder.encode(text).length

/** A limit counts code points, sizes count bytes: up to four each. */
function maxLength(schema: CelSchema): number | undefined {
  return schema.maxLength === undefined ? undefined : Math.max(0, schema.maxLength) * 4
}

function declString(schema: CelSchema): DeclType {
  switch (schema.format) {
    case 'byte':
      return {
        type: BYTES,
        maxElements: schema.maxLength === undefined ? MAX_STRING : Math.max(0, schema.maxLength),
        minSerializedSize: 2,
      }
    case 'duration':
      return { type: DURATION, maxElements: 32, minSerializedSize: 3 }
    case 'date':
      return { type: TIMESTAMP, maxElements: 12, minSerializedSize: 12 }
    case 'date-time':
      return { type: TIMESTAMP, maxElements: 32, minSerializedSize: 21 }
    default:
      return { type: STRING, maxElements: maxLength(schema) ?? longestEnum(schema) ?? MAX_STRING, minSerializedSize: 2 }
  }
}

function longestEnum(schema: CelSchema): number | undefined {
  if (!schema.enum?.length) return undefined
  return Math.max(0, ...schema.enum.map((value) => (typeof value === 'string' ? utf8Length(value) : 0)))
}

/** The object types of a declaration, for an environment's `structs`. */
export function structsOf(decl: DeclType): StructDecl[] {
  const found: StructDecl[] = []
  const visit = (one: DeclType): void => {
    if (one.element !== undefined) visit(one.element)
    const { fields } = one
    if (fields === undefined) return
    found.push({
      type: one.type,
      field: (name) => (fields.get(name) ?? (isReserved(name) ? fields.get(`__${name}__`) : undefined))?.type,
    })
    for (const field of fields.values()) visit(field)
  }
  visit(decl)
  return found
}

/** Sizes of data by the declarations of variables. */
export function sizesOf(variables: Readonly<Record<string, DeclType>>): SizeEstimator {
  return (path) => {
    const [variable] = path
    const root = variable !== undefined && Object.hasOwn(variables, variable) ? variables[variable] : undefined
    return root && sizesUnder(root)(path, root.type)
  }
}

/** Sizes of data by the one declaration that all paths are taken to start from, as the rules of a schema have it. */
export function sizesUnder(root: DeclType): SizeEstimator {
  return ([variable, ...steps]) => {
    if (variable === undefined) return undefined
    let decl: DeclType | undefined = root
    for (const step of steps) decl = decl && stepInto(decl, step)
    return decl && { min: 0n, max: BigInt(decl.maxElements) }
  }
}

function stepInto(decl: DeclType, step: string): DeclType | undefined {
  if (step === '@items' || step === '@values') return decl.element
  if (step === '@keys') return decl.map ? KEY : undefined
  return decl.fields?.get(step)
}
