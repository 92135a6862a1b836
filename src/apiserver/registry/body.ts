import { DecodeError, decodeFailure, strictDecodingError } from '../../apimachinery/codec/errors.ts'
import { decodeJson, typeMetaOf } from '../../apimachinery/codec/json/decode.ts'
import { NotOfType, pruneObject } from '../../apimachinery/codec/json/prune.ts'
import { apiVersionOf, type KubeObject } from '../../apimachinery/meta.ts'
import type { StructSchema } from '../../apimachinery/schema.ts'
import { badRequest } from '../../apimachinery/status.ts'
import { type Call, header, warn } from '../request/call.ts'
import { ALL_MEDIA_TYPES, bareMediaType, JSON_TYPE, unsupportedMediaType } from '../request/negotiate.ts'
import { deepCopy } from './codec.ts'
import { writeContext } from './context.ts'
import type { FieldValidation, WriteOptions } from './options.ts'
import type { Registry, ServedResource } from './served.ts'

/** What a body is to be. */
export interface BodyKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly schema: StructSchema
}

/** Decodes, checks and defaults the resource's own object. The result is the caller's to change. */
export async function readObject(
  registry: Registry,
  { definition }: ServedResource,
  call: Call,
  options: WriteOptions,
): Promise<KubeObject> {
  const object = await readKind<KubeObject>(call, definition, options.fieldValidation)
  definition.defaults?.(object, writeContext(registry, call, options))
  return object
}

/** Decodes an object of a given kind and checks that it is one. Throws 400, 413 and 415 in upstream's words. */
export async function readKind<T extends KubeObject>(
  call: Call,
  kind: BodyKind,
  validation: FieldValidation,
): Promise<T> {
  const object = decodeBody(await bodyOf(call), call, kind, validation)
  const apiVersion = apiVersionOf(kind)
  object['kind'] ||= kind.kind
  object['apiVersion'] ||= apiVersion
  if (object['apiVersion'] !== apiVersion) {
    throw badRequest(
      `the API version in the data (${String(object['apiVersion'])}) does not match the expected API version (${apiVersion})`,
    )
  }
  if (object['kind'] !== kind.kind) {
    throw badRequest(`the kind in the data (${String(object['kind'])}) does not match the expected kind (${kind.kind})`)
  }
  object['metadata'] ??= {}
  return object as unknown as T
}

type Body = { readonly bytes: Uint8Array } | { readonly value: unknown }

async function bodyOf(call: Call): Promise<Body> {
  if (call.body.kind === 'value') return { value: call.body.value }
  return { bytes: call.body.kind === 'none' ? new Uint8Array() : await call.body.read() }
}

function decodeBody(body: Body, call: Call, kind: BodyKind, validation: FieldValidation): Record<string, unknown> {
  if ('value' in body) {
    const object = pruned(kind.schema, deepCopy(body.value), validation)
    return object ?? decodeBytes(new TextEncoder().encode(JSON.stringify(body.value)), call, kind, validation)
  }
  checkMediaType(call)
  return decodeBytes(body.bytes, call, kind, validation)
}

/** The value pruned in place, or undefined when something about it must be told. */
function pruned(
  schema: StructSchema,
  value: unknown,
  validation: FieldValidation,
): Record<string, unknown> | undefined {
  try {
    const { object, unknown } = pruneObject(schema, value)
    return unknown && validation !== 'Ignore' ? undefined : object
  } catch (error) {
    if (error instanceof NotOfType) return undefined
    throw error
  }
}

function checkMediaType(call: Call): void {
  const mediaType = bareMediaType(header(call.headers, 'content-type'))
  if (mediaType !== '' && mediaType !== JSON_TYPE) throw unsupportedMediaType(ALL_MEDIA_TYPES)
}

function decodeBytes(
  bytes: Uint8Array,
  call: Call,
  kind: BodyKind,
  validation: FieldValidation,
): Record<string, unknown> {
  try {
    const { object, violations } = decodeJson(kind.schema, bytes, validation)
    if (violations.length > 0 && validation === 'Strict') throw strictDecodingError(violations)
    for (const violation of violations) warn(call, violation)
    return object
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    const { kind: sent, apiVersion } = error.unrecognized ? { kind: '', apiVersion: '' } : typeMetaOf(bytes)
    const version = apiVersion.slice(apiVersion.indexOf('/') + 1) || kind.version
    throw decodeFailure(error, { kind: sent || kind.kind, version, wanted: kind.kind }, bytes)
  }
}

/** The body's bytes; those of its JSON when it comes as a value. */
export async function readBytes(call: Call): Promise<Uint8Array> {
  const body = await bodyOf(call)
  return 'bytes' in body ? body.bytes : new TextEncoder().encode(JSON.stringify(body.value))
}

const decoder = new TextDecoder()

/** The body as a JSON value of its own, unchecked; undefined when there is none. Throws 400 for what is not JSON. */
export async function readJson(call: Call): Promise<unknown> {
  const body = await bodyOf(call)
  if ('value' in body) return deepCopy(body.value)
  if (body.bytes.length === 0) return undefined
  try {
    return JSON.parse(decoder.decode(body.bytes))
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error))
  }
}
