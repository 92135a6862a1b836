import { encodeBase64 } from '../../../lib/base64.ts'
import { setOwn } from '../../../lib/own.ts'
import { formatDurationNanos } from '../../duration/duration.ts'
import { ParseError } from '../../parse-error.ts'
import type { MapSchema, ScalarSchema, Schema, StructSchema } from '../../schema.ts'
import { DecodeError } from '../errors.ts'
import { isEmptyValue, zeroValue } from '../plan.ts'
import { decodeAny } from '../json/decode.ts'
import { MAX_DEPTH } from '../json/scan.ts'
import { keptQuantity } from '../scalars.ts'
import { protoPlanOf } from './plan.ts'
import type { ProtoField, ProtoPlan } from './plan.ts'
import { ProtoReader } from './reader.ts'
import { timeOfProto } from './times.ts'
import { BYTES, FIXED64, VARINT } from './writer.ts'

type JsonObject = Record<string, unknown>

const textDecoder = new TextDecoder()

/**
 * Decodes a message to an object as JSON decoding gives it. Fields that are not known are passed over. Throws
 * DecodeError.
 */
export function decodeMessage(schema: StructSchema, bytes: Uint8Array): JsonObject {
  const object: JsonObject = {}
  new MessageDecoder().fields(protoPlanOf(schema), schema, new ProtoReader(bytes), object)
  return object
}

class MessageDecoder {
  #depth = 0

  fields(plan: ProtoPlan, schema: StructSchema, reader: ProtoReader, object: JsonObject): void {
    if (++this.#depth > MAX_DEPTH) throw new DecodeError('exceeded max depth')
    while (!reader.done) {
      const tag = reader.tag()
      const field = plan.byNumber[tag >>> 3]
      if (field === undefined) reader.skip(tag & 7)
      else if (field.inlined) {
        requireType(tag & 7, BYTES, `${field.number}`)
        this.fields(field.inlined, schema, reader.message(), object)
      } else this.#field(field, schema, reader, tag & 7, object)
    }
    this.#depth--
  }

  #field(
    { plan }: ProtoField & { plan: NonNullable<ProtoField['plan']> },
    owner: StructSchema,
    reader: ProtoReader,
    wireType: number,
    object: JsonObject,
  ): void {
    const { name, schema, omitsEmpty } = plan
    if (schema.kind === 'list') {
      const list = (object[name] ??= []) as unknown[]
      if (schema.wrapped) this.#wrapped(schema.items, owner, reader.message(), list)
      else this.#item(schema.items, owner, reader, wireType, list, name)
    } else if (schema.kind === 'map') {
      requireType(wireType, BYTES, name)
      this.#entry(schema, owner, reader.message(), (object[name] ??= {}) as JsonObject)
    } else {
      const value = this.#value(schema, owner, reader, wireType, name)
      if (value === null || value === undefined || (omitsEmpty && isEmptyValue(value))) return
      object[name] = value
    }
  }

  /** One item of a list; several when numbers are packed. */
  #item(
    items: Schema,
    owner: StructSchema,
    reader: ProtoReader,
    wireType: number,
    list: unknown[],
    name: string,
  ): void {
    const isPacked =
      wireType === BYTES && (items.kind === 'int32' || items.kind === 'int64' || items.kind === 'boolean')
    if (!isPacked) {
      list.push(this.#value(items, owner, reader, wireType, name) ?? null)
      return
    }
    const packed = reader.message()
    while (!packed.done) list.push(this.#value(items, owner, packed, VARINT, name))
  }

  #wrapped(items: Schema, owner: StructSchema, reader: ProtoReader, list: unknown[]): void {
    while (!reader.done) {
      const tag = reader.tag()
      if (tag >>> 3 === 1) this.#item(items, owner, reader, tag & 7, list, 'items')
      else reader.skip(tag & 7)
    }
  }

  #entry({ values }: MapSchema, owner: StructSchema, reader: ProtoReader, map: JsonObject): void {
    let key = ''
    let value: unknown = values.kind === 'list' ? [] : zeroValue(values)
    while (!reader.done) {
      const tag = reader.tag()
      if (tag >>> 3 === 1) {
        requireType(tag & 7, BYTES, 'key')
        key = reader.text()
      } else if (tag >>> 3 !== 2) reader.skip(tag & 7)
      else if (values.kind === 'list') this.#wrapped(values.items, owner, reader.message(), value as unknown[])
      else value = this.#value(values, owner, reader, tag & 7, 'value') ?? zeroValue(values)
    }
    setOwn(map, key, value)
  }

  #value(schema: Schema, owner: StructSchema, reader: ProtoReader, wireType: number, name: string): unknown {
    switch (schema.kind) {
      case 'struct': {
        requireType(wireType, BYTES, name)
        const object: JsonObject = {}
        this.fields(protoPlanOf(schema), schema, reader.message(), object)
        return object
      }
      case 'string':
        requireType(wireType, BYTES, name)
        return reader.text()
      case 'int32':
        requireType(wireType, VARINT, name)
        return Number(BigInt.asIntN(32, BigInt(reader.int64())))
      case 'int64':
        requireType(wireType, VARINT, name)
        return reader.int64()
      case 'boolean':
        requireType(wireType, VARINT, name)
        return reader.int64() !== 0
      case 'double':
        requireType(wireType, FIXED64, name)
        return reader.double()
      case 'list':
      case 'map':
        throw new DecodeError(`proto: ${name}: nested lists and maps have no message`)
      case 'bytes':
        requireType(wireType, BYTES, name)
        return encodeBase64(reader.bytes())
      default:
        requireType(wireType, BYTES, name)
        return this.#scalarMessage(schema.kind, owner, reader.message())
    }
  }

  /** The types that are scalars in JSON and messages here; undefined for the zero of those whose JSON is null. */
  #scalarMessage(kind: ScalarSchema['kind'], owner: StructSchema, reader: ProtoReader): unknown {
    switch (kind) {
      case 'time':
      case 'microTime': {
        const [, seconds, nanos] = numbersOf(reader)
        return seconds === undefined
          ? undefined
          : timeOfProto({ seconds: Number(seconds), nanos: Number(nanos ?? 0) }, kind)
      }
      case 'duration':
        return formatDurationNanos(BigInt(numbersOf(reader)[1] ?? 0))
      case 'quantity':
        return quantityText(firstBytes(reader))
      case 'intOrString':
        return intOrString(reader)
      case 'schemaOrArray':
      case 'schemaOrBool':
      case 'schemaOrStrings':
        return this.#schemaOr(kind, owner, reader)
      default:
        return rawJson(firstBytes(reader))
    }
  }

  #schemaOr(kind: ScalarSchema['kind'], owner: StructSchema, reader: ProtoReader): unknown {
    let allows = false
    let schema: unknown
    const list: unknown[] = []
    const items: Schema = kind === 'schemaOrArray' ? owner : { kind: 'string' }
    while (!reader.done) {
      const tag = reader.tag()
      const number = tag >>> 3
      if (number > 2) reader.skip(tag & 7)
      else if (kind === 'schemaOrBool' && number === 1) allows = reader.int64() !== 0
      else if (kind === 'schemaOrBool' || number === 1) schema = this.#value(owner, owner, reader, tag & 7, 'schema')
      else list.push(this.#value(items, owner, reader, tag & 7, 'items'))
    }
    return list.length > 0 ? list : (schema ?? (kind === 'schemaOrBool' ? allows : undefined))
  }
}

function requireType(actual: number, expected: number, name: string): void {
  if (actual !== expected) throw new DecodeError(`proto: wrong wireType = ${actual} for field ${name}`)
}

/** The varints of a small message, by field number. */
function numbersOf(reader: ProtoReader): (number | bigint | undefined)[] {
  const numbers: (number | bigint | undefined)[] = []
  while (!reader.done) {
    const tag = reader.tag()
    if ((tag & 7) === VARINT && tag >>> 3 <= 2) numbers[tag >>> 3] = reader.int64()
    else reader.skip(tag & 7)
  }
  return numbers
}

/** The content of field 1 of a message that has nothing else. */
function firstBytes(reader: ProtoReader): Uint8Array | undefined {
  let bytes: Uint8Array | undefined
  while (!reader.done) {
    const tag = reader.tag()
    if (tag === ((1 << 3) | BYTES)) bytes = reader.bytes()
    else reader.skip(tag & 7)
  }
  return bytes
}

function quantityText(bytes: Uint8Array | undefined): string {
  try {
    return keptQuantity(textDecoder.decode(bytes ?? new Uint8Array()))
  } catch (error) {
    throw error instanceof ParseError ? new DecodeError(error.message) : error
  }
}

function intOrString(reader: ProtoReader): number | string {
  let isText = false
  let number = 0
  let text = ''
  while (!reader.done) {
    const tag = reader.tag()
    if (tag === ((1 << 3) | VARINT)) isText = reader.int64() === 1
    else if (tag === ((2 << 3) | VARINT)) number = Number(BigInt.asIntN(32, BigInt(reader.int64())))
    else if (tag === ((3 << 3) | BYTES)) text = reader.text()
    else reader.skip(tag & 7)
  }
  return isText ? text : number
}

/** JSON that a message carries as it is. Read like a body: as deep, and as exact. */
function rawJson(bytes: Uint8Array | undefined): unknown {
  return bytes && bytes.length > 0 ? decodeAny(bytes, 'Ignore').value : undefined
}
