import { schemaFor } from '../../../api/schema-for.ts'
import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { decodeJson } from '../../../apimachinery/codec/json/decode.ts'
import { decodeYaml, looksLikeJson } from '../../../apimachinery/codec/yaml/yaml.ts'
import type { StructSchema } from '../../../apimachinery/schema.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { WebhookResponse } from './types.ts'

const STATUS = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'
const REVIEW = 'io.k8s.api.admission.v1.AdmissionReview'
const REVIEW_VERSIONS = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']
/** More of an answer that is no Status is not told. */
const MAX_TEXT_BYTES = 2048

const decoder = new TextDecoder()

/** An answer that is none, and its code. */
export class BadAnswer extends Error {
  readonly code: number

  constructor(message: string, code: number) {
    super(message)
    this.code = code
  }
}

/** The body of a good answer. Throws what a client of Go makes of any other, in its words (client-go's rest.Request). */
export function bodyOf({ status, contentType, body }: WebhookResponse): Uint8Array {
  if (contentType !== '' && !isMediaType(contentType))
    throw new BadAnswer('Internal error occurred: mime: no media type', 500)
  if (status < 200 || status > 206)
    throw new BadAnswer(statusMessage(body) ?? refusal(status, contentType, body), status)
  if (body.length > 0) return body
  const type = contentType || 'application/json'
  throw new Error(`0-length response with status code: ${status} and content type: ${type}`)
}

function isMediaType(contentType: string): boolean {
  return (contentType.split(';')[0] ?? '').trim() !== ''
}

/** The message of a Status that tells of a failure. */
function statusMessage(body: Uint8Array): string | undefined {
  try {
    const { object } = decode(schemaFor(STATUS), body)
    const { kind = 'Status', apiVersion = 'v1', status, message } = object
    if (kind !== 'Status' || apiVersion !== 'v1' || status !== 'Failure') return undefined
    return typeof message === 'string' ? message : ''
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

const UNKNOWN = 'unknown'

/** Upstream's NewGenericServerResponse. */
function refusal(status: number, contentType: string, body: Uint8Array): string {
  const isText = contentType === '' || contentType.trimStart().startsWith('text/')
  const text = isText ? decoder.decode(body.subarray(0, MAX_TEXT_BYTES)).trim() : UNKNOWN
  switch (status) {
    case 400:
      return 'the server rejected our request for an unknown reason'
    case 401:
      return 'the server has asked for the client to provide credentials'
    case 403:
    case 415:
      return text
    case 404:
      return 'the server could not find the requested resource'
    case 405:
      return 'the server does not allow this method on the requested resource'
    case 406:
      return text && text !== UNKNOWN
        ? text
        : 'the server was unable to respond with a content type that the client supports'
    case 409:
      return 'the server reported a conflict'
    case 422:
      return 'the server rejected our request due to an error in our request'
    case 429:
      return 'the server has received too many requests and has asked us to try again later'
    case 503:
      return 'the server is currently unable to handle the request'
    case 504:
      return 'the server was unable to return a response in the time allotted, but may still be processing the request'
    default:
      return status >= 500
        ? `an error on the server (${goQuote(text)}) has prevented the request from succeeding`
        : `the server responded with the status code ${status} but did not return more information`
  }
}

/** Reads the AdmissionReview that a webhook answers with. Throws, in the words of Go's decoder, for anything else. */
export function readReview(body: Uint8Array, wanted: string): Record<string, unknown> {
  const { kind, apiVersion } = typeOf(body)
  if (apiVersion !== '' && kind !== '') checkType(kind, apiVersion, wanted)
  const { object } = decode(schemaFor(REVIEW), body)
  return { ...object, ...(kind && { kind }), ...(apiVersion && { apiVersion }) }
}

function checkType(kind: string, apiVersion: string, wanted: string): void {
  if (kind === 'AdmissionReview' && apiVersion === wanted) return
  const isReview = kind === 'AdmissionReview' && REVIEW_VERSIONS.includes(apiVersion)
  const isStatus = kind === 'Status' && apiVersion === 'v1'
  if (!isReview && !isStatus) {
    const scheme = 'pkg/runtime/scheme.go:111'
    throw new Error(
      `no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)} in scheme ${goQuote(scheme)}`,
    )
  }
  const versionOf = (of: string): string => of.slice(of.indexOf('/') + 1)
  const pair = `(${versionOf(apiVersion)}.${kind}) to (${versionOf(wanted)}.AdmissionReview)`
  throw new Error(`converting ${pair}: unknown conversion`)
}

/** As which kind a document gives itself out; '' where it says nothing. */
function typeOf(body: Uint8Array): { readonly kind: string; readonly apiVersion: string } {
  const { object } = decode(TYPE_META, body)
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return { kind: text(object['kind']), apiVersion: text(object['apiVersion']) }
}

const string = { kind: 'string' } as const
const TYPE_META: StructSchema = {
  kind: 'struct',
  name: '',
  fields: new Map(['apiVersion', 'kind'].map((name) => [name, { name, schema: string }])),
}

/** JSON by its first character, YAML otherwise, whatever the answer says it is. */
function decode(schema: StructSchema, body: Uint8Array): { readonly object: Record<string, unknown> } {
  return looksLikeJson(body) ? decodeJson(schema, body, 'Ignore') : decodeYaml(schema, body, 'Ignore')
}
