/**
 * The careful way to decode: reads a JSON text along its schema and finds every violation in the order of the text, in
 * the words of upstream's decoder (sigs.k8s.io/json). Numbers are read as they are written. The text must be valid.
 */
import { isJsonObject } from '../../../lib/json-value.ts'
import { setOwn } from '../../../lib/own.ts'
import { goQuote } from '../../../lib/quote.ts'
import { ParseError } from '../../parse-error.ts'
import type { ListSchema, ScalarSchema, Schema, StructSchema } from '../../schema.ts'
import { DecodeError, goStruct, goType } from '../errors.ts'
import { isEmptyValue, planOf, zeroValue } from '../plan.ts'
import { keptBytes, keptDuration, keptMicroTime, keptQuantity, keptTime } from '../scalars.ts'
import { stringifyJson } from './encode.ts'
import { JsonReader } from './reader.ts'

type JsonObject = Record<string, unknown>

/** Upstream reports no more. */
const MAX_VIOLATIONS = 100

export interface CarefulResult {
  readonly object: JsonObject
  /** Unknown and duplicate fields, as `unknown field "spec.foo"`. */
  readonly violations: readonly string[]
}

/** Decodes a valid JSON text. Throws DecodeError for the first value that is not of its type. */
export function decodeCarefully(schema: StructSchema, text: string): CarefulResult {
  const decoder = new CarefulDecoder(text)
  const object = decoder.value(schema)
  if (decoder.firstError) throw decoder.firstError
  const violations = [...decoder.violations]
  return { object: object as JsonObject, violations: schema.name === '' ? inStages(violations, decoder) : violations }
}

/**
 * For what has no Go type upstream looks for keys that stand twice first, then for fields that the schema does not have, and then for
 * those that metadata does not have.
 */
function inStages(violations: readonly string[], { ofMetadata }: CarefulDecoder): string[] {
  const stage = (text: string): number => (text.startsWith('duplicate') ? 0 : ofMetadata.has(text) ? 2 : 1)
  const unknown = violations.filter((text) => stage(text) > 0)
  unknown.sort((a, b) => stage(a) - stage(b) || (a < b ? -1 : 1))
  return [...violations.filter((text) => stage(text) === 0), ...unknown]
}

/** Decodes a valid JSON text of no schema, all of whose duplicate keys count. */
export function decodeAnyCarefully(text: string): { readonly value: unknown; readonly violations: readonly string[] } {
  const decoder = new CarefulDecoder(text)
  const value = decoder.generic()
  return { value, violations: [...decoder.violations] }
}

/** Decodes a valid JSON text that is not an object. Throws DecodeError for the first value that is not of its type. */
export function decodeListCarefully(
  schema: ListSchema,
  text: string,
): { readonly items: unknown[]; readonly violations: readonly string[] } {
  const decoder = new CarefulDecoder(text)
  const items = decoder.value(schema)
  if (decoder.firstError) throw decoder.firstError
  return { items: Array.isArray(items) ? items : [], violations: [...decoder.violations] }
}

class CarefulDecoder {
  readonly violations = new Set<string>()
  /** Those of them that are about an object's metadata inside what has no Go type. */
  readonly ofMetadata = new Set<string>()
  firstError: DecodeError | undefined
  readonly #reader: JsonReader
  /** Where we are, for unknown and duplicate fields: `spec`, `.containers`, `[0]`. */
  readonly #path: string[] = []
  /** Where we are, for type errors: struct fields only. */
  readonly #fields: string[] = []
  #struct: StructSchema | undefined
  #owner: StructSchema | undefined
  #lenient = false
  #inMetadata = false
  /** Inside a part of upstream's objects that a decoder without strictness reads. */
  #quiet = false

  constructor(text: string) {
    this.#reader = new JsonReader(text)
  }

  /** The next value, as its schema has it. */
  value(schema: Schema): unknown {
    const type = this.#reader.type()
    if (type === 'null') {
      this.#reader.skipValue()
      return this.#lenient ? null : zeroValue(schema)
    }
    switch (schema.kind) {
      case 'struct':
        return type === 'object' ? this.#structValue(schema) : this.#mismatch(schema)
      case 'map':
        return type === 'object' ? this.#members(() => this.value(schema.values)) : this.#mismatch(schema)
      case 'list':
        return type === 'array' ? this.#items(() => this.value(schema.items)) : this.#mismatch(schema)
      default:
        return this.#scalarValue(schema, type)
    }
  }

  #structValue(schema: StructSchema): JsonObject {
    const { byName } = planOf(schema)
    const [lenient, owner, struct] = [this.#lenient, this.#owner, this.#struct]
    const object: JsonObject = {}
    const seen = new Set<string>()
    this.#reader.eachKey((key) => {
      this.#lenient = schema.name === ''
      this.#owner = schema
      const plan = byName.get(key)
      if ((plan || schema.preserveUnknown || this.#lenient) && seen.has(key)) this.#violation('duplicate', key)
      seen.add(key)
      if (!plan) {
        if (schema.preserveUnknown)
          setOwn(
            object,
            key,
            this.#at(key, () => this.generic()),
          )
        else this.#unknown(key)
        return
      }
      this.#struct = schema
      const { inlinedBy = [] } = plan.field
      this.#fields.push(...inlinedBy, key)
      const isNull = this.#reader.type() === 'null' && !this.#lenient
      const value = this.#at(key, () => this.#fieldValue(schema, plan.schema))
      this.#fields.length -= inlinedBy.length + 1
      this.#struct = struct
      if (!this.#lenient && (isNull || value === null || (plan.omitsEmpty && isEmptyValue(value)))) delete object[key]
      else object[key] = Object.hasOwn(object, key) ? over(object[key], value) : value
    })
    this.#lenient = lenient
    this.#owner = owner
    return object
  }

  #fieldValue(owner: StructSchema, schema: Schema): unknown {
    const isMetadata = owner.name === '' && schema.kind === 'struct' && schema.name !== ''
    return isMetadata ? this.#metadata(schema) : this.value(schema)
  }

  /** Metadata in what has no Go type, which upstream decodes by itself afterwards. */
  #metadata(schema: StructSchema): unknown {
    const [fields, struct, inMetadata, before] = [
      this.#fields.splice(0),
      this.#struct,
      this.#inMetadata,
      this.firstError,
    ]
    const [start, at] = [this.#reader.position, this.#path.join('')]
    this.#struct = undefined
    this.#lenient = false
    this.#inMetadata = true
    const value = this.#canEnd(schema, start, at)
    const { firstError } = this
    if (firstError && firstError !== before) this.firstError = this.#inPlace(firstError, start, at)
    this.#fields.push(...fields)
    this.#struct = struct
    this.#inMetadata = inMetadata
    this.#lenient = true
    return value ?? {}
  }

  /** A type that refuses its own text ends the decoding at once. */
  #canEnd(schema: StructSchema, start: number, at: string): unknown {
    try {
      return this.value(schema)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#reader.moveTo(start)
      this.#reader.skipValue()
      throw this.#inPlace(error, start, at)
    }
  }

  /** The metadata of the object itself needs no place. */
  #inPlace(error: DecodeError, start: number, at: string): DecodeError {
    if (at === 'metadata') return error
    return new DecodeError(`${at}: Invalid value: ${compact(this.#reader.since(start))}: ${error.message}`)
  }

  #unknown(key: string): void {
    this.#violation('unknown', key)
    if (!this.#lenient) return this.#reader.skipValue()
    // Only keys that stand twice are told of what is inside.
    this.#at(key, () => this.generic())
  }

  /** The members of an object whose keys are data. */
  #members(read: () => unknown): JsonObject {
    const object: JsonObject = {}
    this.#reader.eachKey((key) => {
      if (Object.hasOwn(object, key)) this.#violation('duplicate', key)
      setOwn(object, key, this.#at(key, read))
    })
    return object
  }

  #items(read: () => unknown): unknown[] {
    const list: unknown[] = []
    this.#reader.eachItem((index) => void list.push(this.#atIndex(index, read)))
    return list
  }

  /** A value of no schema; its duplicate keys count. */
  generic(): unknown {
    const type = this.#reader.type()
    if (type === 'object') return this.#members(() => this.generic())
    if (type === 'array') return this.#items(() => this.generic())
    return this.#reader.anyValue()
  }

  /** A value where no object should stand: what objects in it have, no schema knows. */
  #stripped(): unknown {
    switch (this.#reader.type()) {
      case 'array':
        return this.#items(() => this.#stripped())
      case 'object':
        return this.#emptied()
      default:
        return this.#reader.anyValue()
    }
  }

  #emptied(): JsonObject {
    const seen = new Set<string>()
    this.#reader.eachKey((key) => {
      if (seen.has(key)) this.#violation('duplicate', key)
      seen.add(key)
      this.#unknown(key)
    })
    return {}
  }

  #scalarValue(schema: ScalarSchema, type: ReturnType<JsonReader['type']>): unknown {
    if (this.#lenient && schema.kind !== 'any') return this.#stripped()
    switch (schema.kind) {
      case 'string':
        return type === 'string' ? this.#reader.string() : this.#mismatch(schema)
      case 'boolean':
        return type === 'boolean' ? this.#reader.anyValue() : this.#mismatch(schema)
      case 'double':
        return type === 'number' ? this.#double() : this.#mismatch(schema)
      case 'int32':
      case 'int64':
        return type === 'number' ? this.#integer(schema) : this.#mismatch(schema)
      case 'intOrString':
        if (type === 'string') return this.#reader.string()
        return type === 'number' ? this.#integer(schema) : this.#mismatch(schema)
      case 'quantity':
        return this.#canonical(keptQuantity, type === 'string' ? this.#reader.string() : this.#reader.rawValue())
      case 'bytes':
        return type === 'string' ? this.#bytes(schema) : this.#mismatch(schema)
      case 'time':
        return type === 'string' ? this.#canonical(keptTime, this.#reader.string()) : this.#mismatch(schema)
      case 'microTime':
        return type === 'string' ? this.#canonical(keptMicroTime, this.#reader.string()) : this.#mismatch(schema)
      case 'duration':
        return type === 'string' ? this.#canonical(keptDuration, this.#reader.string()) : this.#mismatch(schema)
      case 'any':
        return this.#lenient ? this.generic() : this.#reader.anyValue()
      case 'rawExtension':
      case 'fieldsV1':
        return this.#reader.anyValue()
      case 'schemaOrArray':
      case 'schemaOrBool':
      case 'schemaOrStrings':
        return this.#quietly(() => this.#schemaOr(schema, type))
    }
  }

  #double(): number {
    const text = this.#reader.rawValue()
    const value = Number(text)
    if (!Number.isFinite(value)) this.#fail(`number ${text}`, 'float64')
    return value
  }

  /** A whole number; a bigint when it is beyond what a double holds exactly. */
  #integer(schema: ScalarSchema): number | bigint {
    const text = this.#reader.rawValue()
    const exact = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined
    const bits = schema.kind === 'int64' ? 64 : 32
    if (exact === undefined || BigInt.asIntN(bits, exact) !== exact) {
      this.#fail(`number ${text}`, goType(schema))
      return 0
    }
    const value = Number(exact)
    return Number.isSafeInteger(value) ? value + 0 : exact
  }

  #bytes(schema: ScalarSchema): unknown {
    try {
      return keptBytes(this.#reader.string())
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      this.firstError ??= new DecodeError(error.message)
      return zeroValue(schema)
    }
  }

  /** A type that reads its own text; what it refuses ends the decoding. */
  #canonical(kept: (text: string) => unknown, text: string): unknown {
    try {
      return kept(text)
    } catch (error) {
      throw error instanceof ParseError ? new DecodeError(error.message) : error
    }
  }

  #schemaOr(schema: ScalarSchema, type: string): unknown {
    const owner = this.#owner
    if (owner && type === 'object') return this.#structValue(owner)
    if (schema.kind === 'schemaOrBool') {
      if (type === 'boolean') return this.#reader.anyValue()
      throw new DecodeError('boolean or JSON schema expected')
    }
    if (owner && type === 'array') {
      const items: Schema = schema.kind === 'schemaOrArray' ? owner : { kind: 'string' }
      return this.#items(() => this.value(items))
    }
    return this.#mismatch(schema)
  }

  #quietly(read: () => unknown): unknown {
    const quiet = this.#quiet
    this.#quiet = true
    const value = read()
    this.#quiet = quiet
    return value
  }

  /** Skips a value that is not of its type, and remembers the first such. */
  #mismatch(schema: Schema): unknown {
    if (this.#lenient) return schema.kind === 'struct' && schema.preserveUnknown ? this.generic() : this.#stripped()
    this.#fail(GO_NAMES[this.#reader.type()], goType(schema))
    this.#reader.skipValue()
    return zeroValue(schema)
  }

  #fail(what: string, type: string): void {
    const field = this.#struct ? `Go struct field ${goStruct(this.#struct.name)}.${this.#fields.join('.')}` : 'Go value'
    this.firstError ??= new DecodeError(`json: cannot unmarshal ${what} into ${field} of type ${type}`)
  }

  #at<T>(key: string, read: () => T): T {
    this.#path.push(this.#path.length > 0 ? `.${key}` : key)
    const value = read()
    this.#path.pop()
    return value
  }

  #atIndex<T>(index: number, read: () => T): T {
    this.#path.push(`[${index}]`)
    const value = read()
    this.#path.pop()
    return value
  }

  #violation(what: 'unknown' | 'duplicate', key: string): void {
    if (this.#quiet || this.violations.size >= MAX_VIOLATIONS) return
    const path = this.#path.join('')
    const text = `${what} field ${goQuote(path ? `${path}.${key}` : key)}`
    this.violations.add(text)
    if (this.#inMetadata) this.ofMetadata.add(text)
  }
}

/** A JSON text without the space between its parts, as Go writes it. */
function compact(text: string): string {
  return stringifyJson(decodeAnyCarefully(text).value)
}

const GO_NAMES = {
  object: 'object',
  array: 'array',
  string: 'string',
  number: 'number',
  boolean: 'bool',
  null: 'null',
} as const

/** What Go makes of a field that comes twice: objects grow together, of anything else the later counts. */
function over(earlier: unknown, later: unknown): unknown {
  if (!isJsonObject(earlier) || !isJsonObject(later)) return later
  const both: Record<string, unknown> = { ...earlier }
  for (const [key, value] of Object.entries(later)) {
    setOwn(both, key, Object.hasOwn(both, key) ? over(both[key], value) : value)
  }
  return both
}
