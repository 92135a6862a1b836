import { goPrint, isJsonObject } from '../../lib/json-value.ts'
import { decodeListCarefully } from '../codec/json/careful.ts'
import { decodeAny, decodeValue } from '../codec/json/decode.ts'
import type { Decoded, FieldValidation } from '../codec/json/decode.ts'
import { DecodeError, strictDecodingError } from '../codec/errors.ts'
import type { ListSchema, StructSchema } from '../schema.ts'
import { badRequest, failure, invalid, invalidObject } from '../status.ts'
import type { StatusError } from '../status.ts'
import { applyJsonPatch, MAX_JSON_PATCH_OPERATIONS } from './json-patch.ts'
import type { JsonPatchOperation } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'
import { shower, touchedBy, touchedByMerge } from './quoted.ts'
import { applyStrategicPatch } from './strategic/merge.ts'
import { misfit } from './strategic/misfit.ts'

/** The media types of patches, but for server-side apply. */
export const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const

export interface PatchRequest {
  readonly schema: StructSchema
  /** The live object in the version that is patched, with all that the API prints of it; it is used up. */
  readonly live: Record<string, unknown>
  readonly type: keyof typeof PATCH_TYPES
  readonly body: Uint8Array
  readonly validation: FieldValidation
  /** What the object is, and stays. */
  readonly is?: { readonly kind: string; readonly apiVersion: string; readonly undetermined: string }
  /** Why something that says it is of this type is none of the objects that may come of the patch; undefined when it is one. */
  isNot?(
    type: { readonly kind: string; readonly apiVersion: string },
    document: Readonly<Record<string, unknown>>,
  ): string | undefined
}

/**
 * Applies a patch and decodes what comes of it; defaults are the caller's. `violations` are the unknown and duplicate
 * fields of patch and result, to be told as warnings; Strict refuses them.
 *
 * Throws StatusError: 400 for a patch that cannot be read, 413 for one with too many operations, 422 for one that does
 * not apply or gives no object of the kind; 500, as upstream, for a strategic merge patch that does not fit.
 */
export function patchObject(request: PatchRequest): Decoded {
  const { validation } = request
  const patched = applied(request)
  const decoded = decodePatched(request, patched)
  // Upstream's result of a patch is a map of Go, whose keys have an order of their own: the alphabet's.
  const violations = [...patched.violations, ...decoded.violations.toSorted(inAlphabet)]
  if (validation === 'Strict' && violations.length > 0)
    throw invalidResult(patched.shown(), strictDecodingError(violations).message)
  return { object: decoded.object, violations }
}

const inAlphabet = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

interface Patched {
  readonly document: unknown
  /** What the patch itself has of unknown and duplicate fields. */
  readonly violations: readonly string[]
  /** What is shown of it when the result is not valid. */
  shown(): string
}

function applied({ schema, live, type, body, validation }: PatchRequest): Patched {
  if (type === 'json') {
    const { operations, violations } = readJsonPatch(body, validation)
    const document = applyJsonPatch(live, operations)
    return { document, violations, shown: shower(document, schema, touchedBy(operations)) }
  }
  const { patch, violations } = readObjectPatch(body, type, validation)
  if (type === 'merge') {
    const touched = touchedByMerge(patch)
    const document = applyMergePatch(live, patch)
    return { document, violations, shown: shower(document, schema, touched) }
  }
  const shown = goPrint(patch)
  return { document: applyStrategicPatch(schema, live, patch), violations, shown: () => shown }
}

function decodePatched(request: PatchRequest, { document, shown }: Patched): Decoded {
  const { schema, validation, type } = request
  try {
    if (!isJsonObject(document)) throw new DecodeError('json: cannot unmarshal array into Go value')
    identify(request, document)
    return decodeValue(schema, document, validation)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (type !== 'strategic') throw invalidResult(shown(), error.message)
    throw invalidResult(shown(), misfit(schema, document) ?? error.message.replace(/Go struct field \S+/, 'Go value'))
  }
}

/** What the outcome says it is. A strategic merge patch has no say in that. */
function identify({ type, is, isNot }: PatchRequest, document: Record<string, unknown>): void {
  if (!is) return
  if (type === 'strategic') {
    for (const field of ['kind', 'apiVersion'] as const)
      if (typeof (document[field] ?? '') === 'string') document[field] = is[field]
  }
  const { kind, apiVersion } = document
  if (kind !== undefined && typeof kind !== 'string') {
    throw new DecodeError(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goJsonType(kind)} into Go struct field .kind of type string`,
    )
  }
  document['kind'] = kind || is.kind
  if (apiVersion === undefined || apiVersion === null) throw badRequest(is.undetermined)
  const why = isNot?.({ kind: document['kind'] as string, apiVersion: String(apiVersion as string) }, document)
  if (why) throw new DecodeError(why)
}

const goJsonType = (value: unknown): string =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value

const invalidResult = (shown: string, why: string): StatusError =>
  invalidObject({ group: '', kind: '' }, '', [invalid('patch', shown, why)])

const string = { kind: 'string' } as const
const OPERATIONS: ListSchema = {
  kind: 'list',
  items: {
    kind: 'struct',
    name: 'handlers.jsonPatchOp',
    fields: new Map([
      ['op', { name: 'op', schema: string, pointer: true }],
      ['path', { name: 'path', schema: string, pointer: true }],
      ['from', { name: 'from', schema: string, pointer: true }],
      ['value', { name: 'value', schema: { kind: 'any' }, pointer: true }],
    ]),
  },
}

/** Reads a JSON patch. Throws StatusError. */
export function readJsonPatch(
  body: Uint8Array,
  validation: FieldValidation,
): { readonly operations: readonly JsonPatchOperation[]; readonly violations: readonly string[] } {
  try {
    decodeAny(body, 'Ignore')
    const { items, violations } = decodeListCarefully(OPERATIONS, new TextDecoder().decode(body))
    if (items.length > MAX_JSON_PATCH_OPERATIONS) throw tooManyOperations(items.length)
    return {
      operations: items as JsonPatchOperation[],
      violations: validation === 'Ignore' ? [] : violations.map((violation) => `json patch ${violation}`),
    }
  } catch (error) {
    throw error instanceof DecodeError ? badRequest(`error decoding patch: ${error.message}`) : error
  }
}

const tooManyOperations = (count: number): StatusError =>
  failure(
    'RequestEntityTooLarge',
    `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${count}`,
  )

function readObjectPatch(
  body: Uint8Array,
  type: 'merge' | 'strategic',
  validation: FieldValidation,
): { readonly patch: Record<string, unknown>; readonly violations: readonly string[] } {
  const prefix = type === 'merge' ? 'error decoding patch: ' : ''
  try {
    const { value, violations } = decodeAny(body, validation)
    if (value === null && type === 'strategic') return { patch: {}, violations: [] }
    if (value === null) throw badRequest('Invalid JSON Patch')
    if (isJsonObject(value)) return { patch: value, violations }
    throw badRequest(
      `${prefix}json: cannot unmarshal ${goJsonType(value)} into Go value of type map[string]interface {}`,
    )
  } catch (error) {
    throw error instanceof DecodeError ? badRequest(prefix + error.message) : error
  }
}
