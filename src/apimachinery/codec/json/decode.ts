import type { StructSchema } from '../../schema.ts'
import { DecodeError } from '../errors.ts'
import { decodeAnyCarefully, decodeCarefully } from './careful.ts'
import { stringifyJson } from './encode.ts'
import { countKeys, NotOfType, pruneObject } from './prune.ts'
import { MAX_DEPTH, scanJson } from './scan.ts'
import type { Scan } from './scan.ts'
import { syntaxErrorOf } from './syntax.ts'

/** The fieldValidation parameter: whether unknown and duplicate fields are dropped in silence, or told. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

export interface Decoded {
  /** The object as the schema has it; it belongs to the caller. */
  readonly object: Record<string, unknown>
  /** Unknown and duplicate fields (`unknown field "spec.foo"`); empty with Ignore. */
  readonly violations: readonly string[]
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Decodes a JSON body along its schema. Fields that the schema does not have are dropped; null is the same as absent;
 * empty values of fields with omitempty are dropped; times, quantities, durations and bytes are brought to the form the
 * API prints. Whole numbers beyond ±2^53 in int64 fields and untyped values become bigints, so nothing is rounded.
 * Invalid UTF-8 becomes U+FFFD. Throws DecodeError.
 */
export function decodeJson(schema: StructSchema, body: Uint8Array, validation: FieldValidation): Decoded {
  const scan = scanJson(body)
  const text = decoder.decode(body)
  const value = parseText(body, text, scan)
  return carefullyOrFast(schema, text, value, scan, validation)
}

function carefullyOrFast(
  schema: StructSchema,
  text: string,
  value: unknown,
  scan: Scan,
  validation: FieldValidation,
): Decoded {
  if (scan.inexact) return carefully(schema, text, validation)
  try {
    const { object, keys, unknown } = pruneObject(schema, value)
    const clean = keys === scan.keys && (validation === 'Ignore' || !unknown)
    return clean ? { object, violations: [] } : carefully(schema, text, validation)
  } catch (error) {
    if (error instanceof NotOfType) return carefully(schema, text, validation)
    throw error
  }
}

function carefully(schema: StructSchema, text: string, validation: FieldValidation): Decoded {
  const { object, violations } = decodeCarefully(schema, text)
  return { object, violations: validation === 'Ignore' ? [] : violations }
}

/**
 * Brings an object that was put together in memory (by a patch) to the form that decoding gives, with the same
 * findings. The object is changed in place; it must be the caller's own. Throws DecodeError.
 */
export function decodeValue(schema: StructSchema, value: object, validation: FieldValidation): Decoded {
  const text = stringifyJson(value)
  const scan = scanJson(encoder.encode(text))
  if (scan.depth > MAX_DEPTH) throw new DecodeError('exceeded max depth')
  return carefullyOrFast(schema, text, value, scan, validation)
}

/** Parses a JSON text of no schema; told are duplicate keys. Throws DecodeError in Go's words. */
export function decodeAny(
  body: Uint8Array,
  validation: FieldValidation,
): { readonly value: unknown; readonly violations: readonly string[] } {
  const scan = scanJson(body)
  const text = decoder.decode(body)
  const value = scan.depth > MAX_DEPTH ? undefined : parseOrUndefined(text)
  if (value === undefined) throw new DecodeError(syntaxErrorOf(body) ?? 'exceeded max depth')
  if (!scan.inexact && (validation === 'Ignore' || countKeys(value) === scan.keys)) return { value, violations: [] }
  const careful = decodeAnyCarefully(text)
  return { value: careful.value, violations: validation === 'Ignore' ? [] : careful.violations }
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Parses, and checks what every body must be: valid, not too deep, an object that names itself. */
function parseText(body: Uint8Array, text: string, { depth }: Scan): unknown {
  if (depth > MAX_DEPTH) throw syntaxFailure(body)
  const value = parseOrUndefined(text)
  if (value === undefined) throw syntaxFailure(body)
  checkTypeMeta(value)
  return value
}

function syntaxFailure(body: Uint8Array): DecodeError {
  const message = syntaxErrorOf(body) ?? 'exceeded max depth'
  return new DecodeError(`couldn't get version/kind; json parse error: ${message}`, { unrecognized: true })
}

/** Upstream reads apiVersion and kind first, with a decoder of its own. */
function checkTypeMeta(value: unknown): void {
  const refuse = (what: string): DecodeError =>
    new DecodeError(`couldn't get version/kind; json parse error: json: cannot unmarshal ${what}`, {
      unrecognized: true,
    })
  if (value === null) return
  if (typeof value !== 'object' || Array.isArray(value))
    throw refuse(
      `${jsonType(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    )
  for (const [key, field] of Object.entries(value)) {
    if ((key === 'apiVersion' || key === 'kind') && field !== null && typeof field !== 'string')
      throw refuse(`${jsonType(field)} into Go struct field .${key} of type string`)
  }
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** The strings of an object that say what it is, before it is decoded; empty when they are not there. Throws DecodeError. */
export function typeMetaOf(body: Uint8Array): { readonly apiVersion: string; readonly kind: string } {
  const value = parseText(body, decoder.decode(body), scanJson(body)) as Record<string, unknown> | null
  const { apiVersion, kind } = value ?? {}
  return { apiVersion: typeof apiVersion === 'string' ? apiVersion : '', kind: typeof kind === 'string' ? kind : '' }
}
