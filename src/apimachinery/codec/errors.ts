import { encodeHex } from '../../lib/hex.ts'
import type { Schema } from '../schema.ts'
import { badRequest } from '../status.ts'
import type { StatusError } from '../status.ts'

/** A body that cannot be decoded. The message is upstream's, without the sentence that a handler puts around it. */
export class DecodeError extends Error {
  /** The bytes are not even of the media type, so no kind can be told from them. */
  readonly unrecognized: boolean

  constructor(message: string, { unrecognized = false } = {}) {
    super(message)
    this.name = 'DecodeError'
    this.unrecognized = unrecognized
  }
}

/** What a request says it carries and what the resource takes. */
export interface Expectation {
  /** From the body; empty when it could not be told. */
  readonly kind: string
  readonly version: string
  /** The kind that the resource takes. */
  readonly wanted: string
}

/** The answer to a body that does not decode: 400 in the words of upstream's handlers. */
export function decodeFailure(
  error: { readonly message: string; readonly unrecognized?: boolean },
  { kind, version, wanted }: Expectation,
  body: Uint8Array,
): StatusError {
  if (kind !== '' && !error.unrecognized)
    return badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${wanted}: ${error.message}`,
    )
  return badRequest(
    `the object provided is unrecognized (must be of type ${wanted}): ${error.message} (${summary(body)})`,
  )
}

const SUMMARY_BYTES = 30

function summary(body: Uint8Array): string {
  if (body.length === 0) return '<empty>'
  const start = body.subarray(0, SUMMARY_BYTES)
  const shown = body[0] === 0x7b ? new TextDecoder().decode(start) : encodeHex(start)
  return body.length > SUMMARY_BYTES ? `${shown} ...` : shown
}

/** The one error of all findings of strict field validation. */
export function strictDecodingError(violations: readonly string[]): DecodeError {
  return new DecodeError(`strict decoding error: ${violations.join(', ')}`)
}

/** A type as Go's errors name it: `v1.PodSpec`, `[]v1.Container`, `map[string]string`. */
export function goType(schema: Schema): string {
  if (schema.kind !== 'struct' && schema.goType) return schema.goType
  switch (schema.kind) {
    case 'struct':
      return goStructType(schema.name)
    case 'list':
      return `[]${goType(schema.items)}`
    case 'map':
      return `map[string]${goType(schema.values)}`
    case 'boolean':
      return 'bool'
    case 'double':
      return 'float64'
    case 'bytes':
      return '[]uint8'
    case 'intOrString':
      return 'int32'
    case 'int32':
    case 'int64':
      return schema.kind
    case 'quantity':
      return 'resource.Quantity'
    default:
      return 'string'
  }
}

function goStructType(name: string): string {
  return name.split('.').slice(-2).join('.')
}

/** A struct as Go's errors name it before a field: `PodSpec`. */
export const goStruct = (name: string): string => name.slice(name.lastIndexOf('.') + 1)
