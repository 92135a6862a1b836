import { decodeBase64 } from '../../../lib/base64.ts'
import { isJsonObject } from '../../../lib/json-value.ts'
import { parseDurationNanos } from '../../duration/duration.ts'
import type { ListSchema, MapSchema, ScalarSchema, Schema, StructSchema } from '../../schema.ts'
import { isEmptyValue, printedValue } from '../plan.ts'
import type { FieldPlan } from '../plan.ts'
import { stringifyJson } from '../json/encode.ts'
import type { SchemaOrKind } from '../json/prune.ts'
import { protoPlanOf } from './plan.ts'
import type { ProtoField, ProtoPlan } from './plan.ts'
import { protoTimeOf } from './times.ts'
import { BYTES, FIXED64, ProtoWriter, VARINT } from './writer.ts'

type JsonObject = Readonly<Record<string, unknown>>

/**
 * The protobuf message of an object. Zero values that are not pointers are left out, which says the same. The object
 * must be as the API prints it. Throws ParseError for texts that are no times, quantities or durations.
 */
export function encodeMessage(schema: StructSchema, object: object): Uint8Array<ArrayBuffer> {
  const writer = new ProtoWriter()
  new MessageEncoder(writer).struct(schema, object as JsonObject)
  return writer.finish()
}

/** The types that are scalars here too, whose zero is absence. */
const PLAIN: ReadonlySet<Schema['kind']> = new Set(['string', 'int32', 'int64', 'boolean', 'double', 'bytes'])

class MessageEncoder {
  readonly #writer: ProtoWriter

  constructor(writer: ProtoWriter) {
    this.#writer = writer
  }

  struct(schema: StructSchema, object: JsonObject): void {
    this.#fields(protoPlanOf(schema), schema, object)
  }

  #fields({ fields }: ProtoPlan, schema: StructSchema, object: JsonObject): void {
    for (const field of fields) {
      const { plan, inlined } = field
      if (inlined) this.#nested(field.number, () => this.#fields(inlined, schema, object))
      else {
        // Most fields of most objects are not there.
        const value = object[plan.name]
        if (value !== undefined || plan.absentValue !== undefined) this.#field(field, schema, value)
      }
    }
  }

  #field({ number, plan }: ProtoField & { plan: FieldPlan }, owner: StructSchema, value: unknown): void {
    const printed = printedValue(plan, value)
    if (printed === undefined || printed === null) return
    const { schema, field } = plan
    if (schema.kind === 'list') this.#list(number, schema, owner, printed)
    else if (schema.kind === 'map') this.#map(number, schema, owner, printed)
    else if (field.pointer || !PLAIN.has(schema.kind) || !isEmptyValue(printed))
      this.#value(number, schema, owner, printed)
  }

  /** Writes a nested message, its length and its tag. */
  #nested(number: number, write: () => void): void {
    const before = this.#writer.length
    write()
    this.#writer.varint(this.#writer.length - before)
    this.#writer.tag(number, BYTES)
  }

  #list(number: number, { items, wrapped }: ListSchema, owner: StructSchema, value: unknown): void {
    if (!Array.isArray(value)) return
    if (wrapped) this.#nested(number, () => this.#items(1, items, owner, value))
    else this.#items(number, items, owner, value)
  }

  #items(number: number, items: Schema, owner: StructSchema, values: readonly unknown[]): void {
    for (let i = values.length - 1; i >= 0; i--) this.#value(number, items, owner, values[i])
  }

  #map(number: number, { values }: MapSchema, owner: StructSchema, value: unknown): void {
    if (!isJsonObject(value)) return
    const keys = Object.keys(value).sort()
    for (let i = keys.length - 1; i >= 0; i--) {
      const key = keys[i] ?? ''
      this.#nested(number, () => {
        if (values.kind === 'list') this.#list(2, values, owner, value[key])
        else this.#value(2, values, owner, value[key])
        this.#text(1, key)
      })
    }
  }

  #text(number: number, text: string): void {
    const before = this.#writer.length
    this.#writer.text(text)
    this.#writer.varint(this.#writer.length - before)
    this.#writer.tag(number, BYTES)
  }

  #bytes(number: number, bytes: Uint8Array): void {
    this.#writer.bytes(bytes)
    this.#writer.varint(bytes.length)
    this.#writer.tag(number, BYTES)
  }

  #int(number: number, value: number | bigint): void {
    this.#writer.int64(value)
    this.#writer.tag(number, VARINT)
  }

  /** One value with its tag. Null items of lists and maps are the zero of their type. */
  #value(number: number, schema: Schema, owner: StructSchema, value: unknown): void {
    switch (schema.kind) {
      case 'struct':
        return this.#nested(number, () => this.struct(schema, isJsonObject(value) ? value : {}))
      case 'list':
        return this.#list(number, schema, owner, value)
      case 'map':
        return this.#map(number, schema, owner, value)
      default:
        return this.#scalar(number, schema, owner, value)
    }
  }

  #scalar(number: number, { kind }: ScalarSchema, owner: StructSchema, value: unknown): void {
    switch (kind) {
      case 'string':
        return this.#text(number, typeof value === 'string' ? value : '')
      case 'int32':
      case 'int64':
        return this.#int(number, typeof value === 'bigint' ? value : Number(value))
      case 'boolean':
        return this.#int(number, value === true ? 1 : 0)
      case 'double':
        this.#writer.double(Number(value))
        return this.#writer.tag(number, FIXED64)
      case 'bytes': {
        const bytes = decodeBase64(String(value as string))
        return this.#bytes(number, typeof bytes === 'number' ? new Uint8Array() : bytes)
      }
      default:
        return this.#nested(number, () => this.#message(kind, owner, value))
    }
  }

  /** The types that are scalars in JSON and messages here. */
  #message(kind: ScalarSchema['kind'], owner: StructSchema, value: unknown): void {
    if (value === null || value === undefined) return
    switch (kind) {
      case 'time':
      case 'microTime': {
        const { seconds, nanos } = protoTimeOf(String(value as string), kind)
        this.#int(2, nanos)
        return this.#int(1, seconds)
      }
      case 'duration':
        return this.#int(1, parseDurationNanos(String(value as string)))
      case 'quantity':
        return this.#text(1, String(value as string))
      case 'intOrString':
        return this.#intOrString(value)
      case 'schemaOrArray':
      case 'schemaOrBool':
      case 'schemaOrStrings':
        return this.#schemaOr(kind, owner, value)
      default:
        return this.#text(1, stringifyJson(value))
    }
  }

  #intOrString(value: unknown): void {
    const isText = typeof value === 'string'
    this.#text(3, isText ? value : '')
    this.#int(2, isText ? 0 : Number(value))
    this.#int(1, isText ? 1 : 0)
  }

  #schemaOr(kind: SchemaOrKind, owner: StructSchema, value: unknown): void {
    if (Array.isArray(value)) this.#items(2, kind === 'schemaOrArray' ? owner : STRING, owner, value)
    else if (kind !== 'schemaOrBool') this.#value(1, owner, owner, value)
    else {
      if (isJsonObject(value)) this.#value(2, owner, owner, value)
      this.#int(1, value === false ? 0 : 1)
    }
  }
}

const STRING: ScalarSchema = { kind: 'string' }
