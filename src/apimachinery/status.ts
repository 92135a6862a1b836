import { stringifyJson } from './codec/json/encode.ts'
import { goQuote } from '../lib/quote.ts'

/** metav1.StatusCause. */
export interface StatusCause {
  reason?: string
  message?: string
  field?: string
}

/** metav1.Status. */
export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: Record<string, unknown>
  status: 'Success' | 'Failure'
  message?: string
  reason?: string
  details?: {
    name?: string
    group?: string
    kind?: string
    uid?: string
    causes?: StatusCause[]
    retryAfterSeconds?: number
  }
  code?: number
}

/** The one table of reasons (metav1.StatusReason) and their HTTP codes. */
export const STATUS_CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  Gone: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
  ServerTimeout: 500,
  StoreReadError: 500,
} as const

export type StatusReason = keyof typeof STATUS_CODES

/** Names a resource in errors the way upstream does: `pods` or `deployments.apps`. */
export interface GroupResource {
  readonly group: string
  readonly resource: string
}

function qualified({ group, resource }: GroupResource): string {
  return group ? `${resource}.${group}` : resource
}

/**
 * The one error type of the API. The server throws it, the transport carries its Status, the client rebuilds it;
 * callers test `reason`, never the message.
 */
export class StatusError extends Error {
  readonly status: Status

  constructor(status: Status) {
    super(status.message ?? status.reason ?? 'unknown error')
    this.name = 'StatusError'
    this.status = status
  }

  get reason(): string {
    return this.status.reason ?? 'Unknown'
  }

  get code(): number {
    return this.status.code ?? 500
  }
}

/** Whether `error` is a StatusError with one of these reasons. */
export function hasReason(error: unknown, ...reasons: StatusReason[]): error is StatusError {
  return error instanceof StatusError && (reasons as string[]).includes(error.reason)
}

/** A failure Status with the reason's code. */
export function failure(reason: StatusReason, message: string, details?: Status['details']): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code: STATUS_CODES[reason],
  })
}

export const badRequest = (message: string): StatusError => failure('BadRequest', message)

export const notFound = (resource: GroupResource, name: string): StatusError =>
  failure('NotFound', `${qualified(resource)} ${goQuote(name)} not found`, { name, ...groupKind(resource) })

export const alreadyExists = (resource: GroupResource, name: string): StatusError =>
  failure('AlreadyExists', `${qualified(resource)} ${goQuote(name)} already exists`, { name, ...groupKind(resource) })

export const conflict = (resource: GroupResource, name: string, why: string): StatusError =>
  failure('Conflict', `Operation cannot be fulfilled on ${qualified(resource)} ${goQuote(name)}: ${why}`, {
    name,
    ...groupKind(resource),
  })

export const forbidden = (resource: GroupResource, name: string, why: string): StatusError => {
  const what = name ? `${qualified(resource)} ${goQuote(name)} is forbidden` : `${qualified(resource)} is forbidden`
  return failure('Forbidden', resource.resource ? `${what}: ${why}` : `forbidden: ${why}`, {
    ...(name && { name }),
    ...groupKind(resource),
  })
}

export const expired = (message: string): StatusError => failure('Expired', message)

export const methodNotSupported = (resource: GroupResource, verb: string): StatusError =>
  failure(
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind "${qualified(resource)}"`,
    groupKind(resource),
  )

export const internalError = (error: unknown): StatusError => {
  const message = error instanceof Error ? error.message : String(error)
  return failure('InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
}

function groupKind({ group, resource }: GroupResource): { group?: string; kind?: string } {
  return { ...(group && { group }), ...(resource && { kind: resource }) }
}

/** field.ErrorType of upstream's validation, as it stands in `causes[].reason`. */
export type FieldErrorType =
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueNotFound'
  | 'InternalError'
  | 'FieldValueTypeInvalid'

/** One finding of validation: collected, never thrown. */
export interface FieldError {
  readonly type: FieldErrorType
  /** Upstream's path syntax: `spec.containers[0].ports[1].name`, `metadata.labels[key]`. */
  readonly field: string
  /** The whole message without the field, as upstream words it: `Invalid value: "x": must be ...`. */
  readonly message: string
  /** The rule that this is against, where an object that was against it before may stay so. */
  readonly ratchet?: string
}

/** Findings of a rule that older releases did not have, or could not hold: what was against it before the change may stay so. */
export function ratcheted(rule: string, errors: Iterable<FieldError>): FieldError[] {
  return [...errors].map((error) => ({ ...error, ratchet: rule }))
}

/** A value in a field error, written as Go's validation prints it (strings quoted, objects as JSON). */
export function quoteValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value)
  if (value === undefined || value === null) return 'null'
  return typeof value === 'object' ? escapeHtml(stringifyJson(value)) : String(value as number)
}

/** Go's JSON keeps clear of HTML. */
function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export const required = (field: string, detail = ''): FieldError => ({
  type: 'FieldValueRequired',
  field,
  message: detail ? `Required value: ${detail}` : 'Required value',
})

export const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${quoteValue(value)}: ${detail}`,
})

export const typeInvalid = (field: string, value: unknown, detail: string): FieldError => ({
  type: 'FieldValueTypeInvalid',
  field,
  message: `Invalid value: ${quoteValue(value)}: ${detail}`,
})

export const duplicate = (field: string, value: unknown): FieldError => ({
  type: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${quoteValue(value)}`,
})

export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${quoteValue(value)}: supported values: ${supported.map(quoteValue).join(', ')}`,
})

export const fieldForbidden = (field: string, detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  message: detail ? `Forbidden: ${detail}` : 'Forbidden',
})

export const fieldNotFound = (field: string, value: unknown): FieldError => ({
  type: 'FieldValueNotFound',
  field,
  message: `Not found: ${quoteValue(value)}`,
})

export const tooLong = (field: string, maxLength: number): FieldError => ({
  type: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${maxLength} ${maxLength === 1 ? 'byte' : 'bytes'}`,
})

export const tooMany = (field: string, actual: number, max: number): FieldError => ({
  type: 'FieldValueTooMany',
  field,
  message: `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
})

/** 422 with every finding as a cause; upstream's wording for one and for several. */
export function invalidObject(
  kind: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const list = aggregated(errors)
  const what = kind.group ? `${kind.kind}.${kind.group}` : kind.kind
  return failure('Invalid', `${what} "${name}" is invalid: ${list}`, {
    ...(name && { name }),
    ...(kind.group && { group: kind.group }),
    ...(kind.kind && { kind: kind.kind }),
    causes: errors.map((e) => ({ reason: e.type, message: e.message, field: e.field })),
  })
}

/** Several findings as one text, each once. */
function aggregated(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))]
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
}
