import { failure, StatusError } from '../../apimachinery/status.ts'

/** The encodings that the API speaks, in upstream's order of preference. */
export type MediaType = 'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf'

export const JSON_TYPE = 'application/json' satisfies MediaType
export const YAML_TYPE = 'application/yaml' satisfies MediaType
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf' satisfies MediaType

export const ALL_MEDIA_TYPES: readonly MediaType[] = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]
/** Custom resources have no protobuf. */
export const CUSTOM_MEDIA_TYPES: readonly MediaType[] = [JSON_TYPE, YAML_TYPE]

/** A group, version and kind that the answer is to be turned into (`;as=Table;g=meta.k8s.io;v=v1`). */
export interface Target {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** How the client wants its answer. */
export interface Accepted {
  readonly mediaType: MediaType
  readonly target: Target | undefined
  readonly pretty: boolean
}

/** What an endpoint can do. */
export interface Offer {
  readonly mediaTypes: readonly MediaType[]
  /** Whether this transformation is offered in that encoding; `undefined` stands for none. */
  allows(target: Target | undefined, mediaType: MediaType): boolean
}

/** One form that a client takes, with its parameters. */
export interface Clause {
  readonly type: string
  readonly params: ReadonlyMap<string, string>
  readonly quality: number
}

/**
 * Picks the answer's form from an Accept header (upstream's NegotiateMediaTypeOptions): the client's order counts, and a
 * clause that asks for more than the endpoint offers is passed over. Throws 406.
 */
export function negotiate(accept: string, offer: Offer): Accepted {
  const accepted = negotiated(accept, offer)
  if (!accepted) throw notAcceptable(offer.mediaTypes)
  return accepted
}

/** The same, but undefined when the client takes nothing of the offer. */
export function negotiated(accept: string, offer: Offer): Accepted | undefined {
  const first = offer.mediaTypes[0] ?? JSON_TYPE
  if (accept === '') return { mediaType: first, target: undefined, pretty: false }
  for (const clause of parseAccept(accept)) {
    for (const mediaType of offer.mediaTypes) {
      if (!covers(clause.type, mediaType)) continue
      const accepted = acceptClause(clause, mediaType, offer)
      if (accepted) return accepted
    }
  }
  return undefined
}

const STREAMS: readonly string[] = [`${JSON_TYPE};stream=watch`, `${PROTOBUF_TYPE};stream=watch`]

/** Upstream's router looks first, and knows media types by their full names alone, besides any. Throws 406. */
export function checkRoutable(accept: string, verb: string): void {
  const types = accept.split(',').map((clause) => (clause.split(';')[0] ?? '').trim())
  if (types.some((type) => type === '*/*' || (ALL_MEDIA_TYPES as readonly string[]).includes(type))) return
  const offered = verb === 'list' || verb === 'watch' ? [...ALL_MEDIA_TYPES, ...STREAMS] : ALL_MEDIA_TYPES
  const { status } = failure(
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${offered.join(', ')}`,
    {},
  )
  throw new UnroutableError(status)
}

/** The router's own refusal: no handler knows of it, and nothing but its code is told of it. */
export class UnroutableError extends StatusError {}

/** 406: what may be asked for instead. */
export function notAcceptable(mediaTypes: readonly string[]): Error {
  return failure('NotAcceptable', `only the following media types are accepted: ${mediaTypes.join(', ')}`)
}

/** 415: what may be sent instead. */
export function unsupportedMediaType(mediaTypes: readonly string[]): Error {
  return failure(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${mediaTypes.join(', ')}`,
  )
}

/** The media type of a Content-Type header, without parameters and in lower case. */
export function bareMediaType(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

function acceptClause({ params }: Clause, mediaType: MediaType, offer: Offer): Accepted | undefined {
  const stream = params.get('stream')
  if (stream && stream !== 'watch') return undefined
  if (params.get('sv')) return undefined
  const asked = params.has('as') || params.has('g') || params.has('v')
  const target = asked
    ? { kind: params.get('as') ?? '', group: params.get('g') ?? '', version: params.get('v') ?? '' }
    : undefined
  if (!offer.allows(target, mediaType)) return undefined
  return { mediaType, target, pretty: params.get('pretty') === '1' }
}

function covers(pattern: string, mediaType: MediaType): boolean {
  return pattern === mediaType || pattern === 'application/*' || pattern === '*/*' || pattern === '*'
}

/** The clauses of an Accept header, those the client prefers first. */
export function parseAccept(accept: string): Clause[] {
  const clauses = accept.split(',').map(parseClause)
  return clauses.sort((a, b) => b.quality - a.quality || wildcards(a) - wildcards(b))
}

/** Of equal quality, the more exact comes first. */
function wildcards({ type }: Clause): number {
  return type.split('/').filter((part) => part === '*').length
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';')
  const params = new Map<string, string>()
  for (const part of rest) {
    const equals = part.indexOf('=')
    if (equals < 0) continue
    params.set(
      part.slice(0, equals).trim(),
      part
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    )
  }
  const quality = Number(params.get('q') ?? 1)
  return { type: type.trim(), params, quality: Number.isNaN(quality) ? 1 : quality }
}
