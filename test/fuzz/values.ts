import type { Schema, StructSchema } from '../../src/apimachinery/schema.ts'
import type { Chance } from './chance.ts'
import { WORDS } from './words.ts'

type JsonObject = Record<string, unknown>

/** How objects are made along a schema. */
export interface Taste {
  /** How often a value is of another type than its schema says. */
  readonly wrong: number
  /** Strings that are no valid Unicode, keys that JavaScript gives a meaning, numbers at the edges. */
  readonly nasty: boolean
  /** Whether there is what protobuf does not carry: empty lists, maps and bytes, the kind of objects within objects. */
  readonly empty: boolean
}

export const VALID: Taste = { wrong: 0, nasty: false, empty: true }
export const FULL: Taste = { ...VALID, empty: false }
export const NASTY: Taste = { wrong: 0.02, nasty: true, empty: true }

const PLAIN = WORDS.filter((word) => /^[\w./:%*-]{0,70}$/.test(word) && word !== '__proto__')

/** A value along a schema. */
export function valueOf(schema: Schema, chance: Chance, taste: Taste, depth = 0): unknown {
  if (chance.is(taste.wrong)) return anyJson(chance, 2)
  switch (schema.kind) {
    case 'struct':
      return structOf(schema, chance, taste, depth)
    case 'list':
      return chance.times(howMany(chance, taste, depth), () => valueOf(schema.items, chance, taste, depth + 1))
    case 'map':
      return objectOf(
        chance.times(howMany(chance, taste, depth), () => [
          word(chance, taste),
          valueOf(schema.values, chance, taste, depth + 1),
        ]),
      )
    case 'string':
      return schema.enum && chance.is(0.8) ? chance.pick(schema.enum) : word(chance, taste)
    case 'boolean':
      return chance.is(0.5)
    case 'int32':
      return chance.pick([-1, 0, 1, 80, 65_536, 2_147_483_647, -2_147_483_648])
    case 'int64':
      return chance.pick(
        taste.nasty
          ? [-1, 0, 1, 80, Number.MAX_SAFE_INTEGER, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]
          : [-1, 0, 1, 80, Number.MAX_SAFE_INTEGER],
      )
    case 'double':
      return chance.pick([0, 0.5, -1e-7, 1e300, 12])
    case 'quantity':
      return chance.pick(['0', '1', '500m', '1Gi', '-1', '3Mi', '1n', '0.5', '1e3', '100000000000000000000'])
    case 'intOrString':
      return chance.pick([0, 1, 80, '25%', 'http', '', '-1', '300%'])
    case 'time':
      return chance.pick(['2026-01-01T00:00:00Z', '1999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'])
    case 'microTime':
      return chance.pick(['2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.123456Z'])
    case 'duration':
      return chance.pick(['0s', '5s', '1h2m3s', '-1.5ms', '1ns'])
    case 'bytes':
      return chance.pick([...(taste.empty ? [''] : []), 'aGVsbG8=', 'AAECAw==', '/w=='])
    case 'rawExtension':
      return { apiVersion: 'v1', kind: 'Thing', more: taste.nasty ? anyJson(chance, 2) : { a: 1 } }
    case 'fieldsV1':
      return taste.nasty && chance.is(0.5) ? anyJson(chance, 3) : { 'f:metadata': { 'f:labels': { '.': {} } } }
    case 'any':
      return anyJson(chance, 2)
    case 'schemaOrArray':
    case 'schemaOrStrings':
      return { type: 'string' }
    case 'schemaOrBool':
      return chance.is(0.5)
  }
}

const howMany = (chance: Chance, { empty }: Taste, depth: number): number =>
  empty ? (depth > 7 ? 0 : chance.below(3)) : 1 + (depth > 7 ? 0 : chance.below(2))

function structOf(schema: StructSchema, chance: Chance, taste: Taste, depth: number): JsonObject {
  const object: JsonObject = {}
  if (depth > 9) return object
  const share = depth < 2 ? 0.7 : chance.random.next() * 0.8
  for (const field of schema.fields.values())
    if (chance.is(share) && (taste.empty || depth === 0 || field.number !== undefined))
      object[field.name] = valueOf(field.schema, chance, taste, depth + 1)
  if (taste.nasty && chance.is(0.02)) define(object, word(chance, taste), anyJson(chance, 2))
  return object
}

/** Any JSON value. */
export function anyJson(chance: Chance, depth: number): unknown {
  switch (chance.below(depth > 0 ? 8 : 6)) {
    case 0:
      return null
    case 1:
      return chance.is(0.5)
    case 2:
      return chance.pick([0, -1, 1, 1.5, 1e21, 2 ** 53, 2n ** 63n])
    case 3:
    case 4:
    case 5:
      return chance.pick(WORDS)
    case 6:
      return chance.times(chance.below(4), () => anyJson(chance, depth - 1))
    default:
      return objectOf(chance.times(chance.below(4), () => [chance.pick(WORDS), anyJson(chance, depth - 1)]))
  }
}

const word = (chance: Chance, { nasty }: Taste): string => chance.pick(nasty ? WORDS : PLAIN)

function objectOf(entries: readonly (readonly [string, unknown])[]): JsonObject {
  const object: JsonObject = {}
  for (const [key, value] of entries) define(object, key, value)
  return object
}

function define(object: JsonObject, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}
