import { goTypeOf } from '../../go-type.ts'
import { decodeBase64 } from '../../../lib/base64.ts'
import { semanticEqual } from '../../equality.ts'
import { escapeName, unescapeName } from '../escape.ts'
import { parseTimestamp, textOf, toDurationValue } from '../values/convert.ts'
import { equal } from '../values/equality.ts'
import {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  Double,
  isError,
  noSuchOverload,
  Opaque,
  toInt,
} from '../values/values.ts'
import { UNKNOWN } from '../check/types.ts'
import { type FromJson, JsonList, JsonMap } from './json-values.ts'
import { type CelSchema, valueSchema, withTypeAndObjectMeta } from './schema.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** Makes the CEL value of parsed JSON by a schema. Nothing is copied; what does not fit is an error where it is met. */
export type Reader = (raw: unknown) => CelValue

/** The reader of a schema's data. Make it once for each schema. */
export function readerOf(schema: CelSchema): Reader {
  const read = readNonNull(schema)
  const ofNull = schema.nullable ? null : new CelError('invalid data, got null for schema with nullable=false')
  return (raw) => (raw === null || raw === undefined ? ofNull : read(raw))
}

function readNonNull(schema: CelSchema): Reader {
  if (schema['x-kubernetes-int-or-string']) return readIntOrString
  switch (schema.type) {
    case 'object':
      return readObject(schema)
    case 'array':
      return readArray(schema)
    case 'string':
      return readString(schema.format)
    case 'number':
      return (raw) => (typeof raw === 'number' ? new Double(raw) : unexpected('float', raw))
    case 'integer':
      return readInteger
    case 'boolean':
      return (raw) => (typeof raw === 'boolean' ? raw : unexpected('bool', raw))
    default:
      return readUnknown(schema)
  }
}

function unexpected(type: string, raw: unknown): CelError {
  return new CelError(`invalid data, expected ${type}, got ${goTypeOf(raw)}`)
}

const readInteger: Reader = (raw) => {
  if (typeof raw === 'number' && Number.isSafeInteger(raw)) return raw
  if (typeof raw === 'number' && Number.isInteger(raw)) return toInt(BigInt(raw))
  return typeof raw === 'bigint' ? toInt(raw) : unexpected('int', raw)
}

const readIntOrString: Reader = (raw) => {
  if (typeof raw === 'string') return raw
  const value = readInteger(raw)
  return isError(value)
    ? new CelError('invalid data, expected XIntOrString value to be either a string or integer')
    : value
}

function readUnknown(schema: CelSchema): Reader {
  if (schema['x-kubernetes-preserve-unknown-fields']) return (raw) => new Preserved(raw)
  const allowed = 'object, array, number, integer, boolean or string, or no type with'
  const either = 'x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true'
  const error = new CelError(`invalid type, expected ${allowed} ${either}, got ${schema.type ?? ''}`)
  return () => error
}

/** Data of which nothing is known: it can only be compared. */
class Preserved extends Opaque implements FromJson {
  readonly type = UNKNOWN
  readonly raw: unknown
  constructor(raw: unknown) {
    super()
    this.raw = raw
  }
  equals(other: CelValue): boolean {
    return semanticEqual(this.raw, rawOf(other))
  }
}

/** The JSON behind a value. */
export function rawOf(value: CelValue): unknown {
  if (value instanceof Double) return value.value
  if (typeof value === 'object' && value !== null && 'raw' in value) return (value as FromJson).raw
  if (value instanceof CelList) return [...value].map(rawOf)
  if (!(value instanceof CelMap)) return value
  return Object.fromEntries([...value.keys()].map((key) => [textOf(key), rawOf(value.find(key) ?? null)]))
}

function readString(format: string | undefined): Reader {
  switch (format) {
    case 'duration':
      return text((raw) => {
        const value = toDurationValue(raw)
        return isError(value) ? new CelError(`Invalid duration ${raw}: unable to parse ${raw} as duration`) : value
      })
    case 'date':
      return text((raw) => parseTimestamp(`${raw}T00:00:00Z`) ?? new CelError(`Invalid date formatted string ${raw}`))
    case 'date-time':
      return text((raw) => parseTimestamp(raw) ?? new CelError(`Invalid date-time formatted string ${raw}`))
    case 'byte':
      return text((raw) => {
        const bytes = decodeBase64(raw)
        if (typeof bytes !== 'number') return bytes
        return new CelError(`Invalid byte formatted string ${raw}: illegal base64 data at input byte ${bytes}`)
      })
    default:
      return text((raw) => raw)
  }
}

function text(read: (raw: string) => CelValue): Reader {
  return (raw) => (typeof raw === 'string' ? read(raw) : unexpected('string', raw))
}

interface Field {
  readonly name: string
  readonly read: Reader
}

function readObject(schema: CelSchema): Reader {
  const embedded = schema['x-kubernetes-embedded-resource'] ? withTypeAndObjectMeta(schema) : schema
  const values = embedded.properties === undefined ? valueSchema(embedded) : undefined
  const wrong = new CelError('invalid data, expected a map for the provided schema with type=object')
  if (values !== undefined) {
    const read = readerOf(values)
    return (raw) => (isObject(raw) ? new TypedMap(raw, read) : wrong)
  }
  const fields = new Map<string, Field>()
  const escaped = new Map<string, string>()
  for (const [name, property] of Object.entries(embedded.properties ?? {})) {
    const field = { name, read: readerOf(property) }
    const identifier = escapeName(name)
    escaped.set(name, identifier ?? name)
    if (identifier !== undefined) fields.set(identifier, field)
    if (!fields.has(name)) fields.set(name, field)
  }
  return (raw) => (isObject(raw) ? new TypedObject(raw, fields, escaped) : wrong)
}

function isObject(raw: unknown): raw is JsonObject {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}

/** An object with fields. One that is null counts as absent. */
class TypedObject extends CelMap implements FromJson {
  readonly raw: JsonObject
  readonly #fields: ReadonlyMap<string, Field>
  /** The identifiers of known fields by their names. */
  readonly #escaped: ReadonlyMap<string, string>

  constructor(raw: JsonObject, fields: ReadonlyMap<string, Field>, escaped: ReadonlyMap<string, string>) {
    super()
    this.raw = raw
    this.#fields = fields
    this.#escaped = escaped
  }
  get size(): number {
    return Object.keys(this.raw).length
  }
  find(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return noSuchOverload
    const field = this.#fields.get(key) ?? this.#fields.get(unescapeName(key) ?? '')
    if (field === undefined || !Object.hasOwn(this.raw, field.name)) return undefined
    const value = this.raw[field.name]
    return value === null || value === undefined ? undefined : field.read(value)
  }
  *keys(): Iterable<CelValue> {
    for (const name of Object.keys(this.raw)) {
      const identifier = this.#escaped.get(name)
      if (identifier !== undefined) yield identifier
    }
  }
  /** Fields that the schema does not know compare as JSON, if both objects have them. */
  override equals(other: CelMap): CelValue {
    if (this.size !== other.size) return false
    for (const [name, value] of Object.entries(this.raw)) {
      const identifier = this.#escaped.get(name)
      if (identifier === undefined) {
        if (!(other instanceof TypedObject)) return noSuchOverload
        if (Object.hasOwn(other.raw, name) && !semanticEqual(value, other.raw[name])) return false
        continue
      }
      const [mine, theirs] = [this.find(identifier), other.find(identifier)]
      if (mine === undefined || theirs === undefined) {
        if (mine !== theirs) return false
        continue
      }
      const same = equal(mine, theirs)
      if (same !== true) return same
    }
    return true
  }
}

/** A map from strings to values of one type. */
class TypedMap extends JsonMap {
  readonly #read: Reader
  constructor(raw: JsonObject, read: Reader) {
    super(raw)
    this.#read = read
  }
  override find(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return noSuchOverload
    return Object.hasOwn(this.raw, key) ? this.#read(this.raw[key]) : undefined
  }
}

function readArray(schema: CelSchema): Reader {
  if (schema.items === undefined) {
    const missing = new CelError('invalid array type, expected Items with a non-empty Schema')
    return () => missing
  }
  const read = readerOf(schema.items)
  const wrong = new CelError('invalid data, expected an array for the provided schema with type=array')
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return (raw) => (Array.isArray(raw) ? new SetList(raw, read) : wrong)
    case 'map':
      return (raw) => (Array.isArray(raw) ? new MapList(raw, read, keys) : wrong)
    default:
      return (raw) => (Array.isArray(raw) ? new TypedList(raw, read) : wrong)
  }
}

/** A list of values of one type. */
class TypedList extends JsonList {
  protected readonly read: Reader
  constructor(raw: readonly unknown[], read: Reader) {
    super(raw)
    this.read = read
  }
  override get(index: number): CelValue {
    return this.read(this.raw[index])
  }
}

/** A list of which the order does not matter: `+` is the union. */
class SetList extends TypedList {
  override equals(other: CelList): CelValue {
    if (this.size !== other.size) return false
    const mine = new Set(this.raw)
    for (const item of other) if (!mine.has(rawOf(item))) return false
    return true
  }
  override concat(other: CelList): CelValue {
    const union = new Set(this.raw)
    for (const item of other) union.add(rawOf(item))
    return new SetList([...union], this.read)
  }
}

/** A list of objects told apart by some of their fields: `+` replaces those of the same keys, and adds others. */
class MapList extends TypedList {
  readonly #keys: readonly string[]
  constructor(raw: readonly unknown[], read: Reader, keys: readonly string[]) {
    super(raw, read)
    this.#keys = keys
  }
  #keyOf(item: unknown): string {
    return JSON.stringify(isObject(item) ? this.#keys.map((key) => item[key] ?? null) : item)
  }
  override equals(other: CelList): CelValue {
    if (this.size !== other.size) return false
    const mine = new Map(this.raw.map((item) => [this.#keyOf(item), item]))
    for (const item of other) {
      const key = this.#keyOf(rawOf(item))
      if (!mine.has(key)) return false
      const same = equal(this.read(mine.get(key)), item)
      if (same !== true) return same
    }
    return true
  }
  override concat(other: CelList): CelValue {
    const merged = new Map(this.raw.map((item) => [this.#keyOf(item), item]))
    for (const item of other) {
      const raw = rawOf(item)
      merged.set(this.#keyOf(raw), raw)
    }
    return new MapList([...merged.values()], this.read, this.#keys)
  }
}
