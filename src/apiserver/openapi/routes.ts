import type { Documents } from '../aggregation/documents.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RawAnswer } from '../registry/answer.ts'
import { header, type Call } from '../request/call.ts'
import { JSON_TYPE, parseAccept } from '../request/negotiate.ts'
import type { Route } from '../routes/routes.ts'

/** How client-go asks for OpenAPI v2 in protobuf, formerly with an @, which is no token of HTTP's; the answer has the new name. */
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
const V2_PROTOBUF_FORMERLY = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'

/** A year, in seconds: documents named by their hash never change. */
const FOREVER = 'public, immutable, max-age=31536000'

/**
 * /openapi/v2, /openapi/v3 and the documents below it. `documents` gives those of the resources that are served now; it is called
 * for each request and should answer with the same object until they change.
 */
export function openApiRoutes(documents: () => Documents, clock: Clock): Route[] {
  const made = new WeakMap<Documents, string>()
  const dated = (answer: RawAnswer): RawAnswer => {
    if (answer.status !== 200) return answer
    const current = documents()
    const date = made.get(current) ?? new Date(clock.now()).toUTCString()
    made.set(current, date)
    return { ...answer, headers: { ...answer.headers, 'accept-ranges': 'bytes', 'last-modified': date } }
  }
  return [
    { path: '/openapi/v2', answer: (call) => dated(answerV2(call, documents())) },
    { path: '/openapi/v3', answer: () => dated(answerIndex(documents())) },
    { path: '/openapi/v3/', answer: (call) => dated(answerV3(call, documents())) },
  ]
}

function answerV2(call: Call, documents: Documents): RawAnswer {
  const type = choose(call, [JSON_TYPE, V2_PROTOBUF_FORMERLY, V2_PROTOBUF])
  if (!type) return { ...notAcceptable(), headers: { vary: 'Accept-Encoding, Accept' } }
  const isJson = type === JSON_TYPE
  const headers = {
    'content-type': isJson ? JSON_TYPE : V2_PROTOBUF,
    etag: `"${documents.v2Hash()}"`,
    vary: 'Accept-Encoding, Accept',
  }
  return unlessKnown(call, headers, () => (isJson ? documents.v2Json() : documents.v2Protobuf()))
}

/** Upstream's has a line end, and calls itself text. */
function answerIndex(documents: Documents): RawAnswer {
  const headers = { 'content-type': 'text/plain; charset=utf-8' }
  return { type: 'raw', status: 200, headers, body: `${documents.v3Index()}\n` }
}

/** A document whose hash the client knows may be kept for good; one that it names by another hash has moved. */
function answerV3(call: Call, documents: Documents): RawAnswer {
  const name = call.info.path.replace(/^\/openapi\/v3\//, '').replace(/\/$/, '')
  const hash = documents.v3Hash(name)
  if (hash === undefined) return { type: 'raw', status: 404, headers: {}, body: '' }
  if (!choose(call, [JSON_TYPE])) return { ...notAcceptable(), headers: { vary: 'Accept' } }
  const asked = call.query.get('hash')
  if (asked && asked !== hash) {
    return { type: 'raw', status: 301, headers: { location: `/openapi/v3/${name}?hash=${hash}` }, body: '' }
  }
  const headers = {
    'content-type': JSON_TYPE,
    etag: `"${hash}"`,
    vary: 'Accept',
    ...(asked && { 'cache-control': FOREVER }),
  }
  return unlessKnown(call, headers, () => documents.v3(name) ?? '')
}

/** The body, or 304 to a client that has it. */
function unlessKnown(
  call: Call,
  headers: { readonly etag: string } & Record<string, string>,
  body: () => Uint8Array | string,
): RawAnswer {
  const known = header(call.headers, 'if-none-match')
    .split(/\s*,\s*/)
    .includes(headers.etag)
  return { type: 'raw', status: known ? 304 : 200, headers, body: known ? '' : body() }
}

/** The first of the client's forms that is among these; the first of these when it takes anything. */
function choose(call: Call, types: readonly string[]): string | undefined {
  const accept = header(call.headers, 'accept')
  if (accept === '') return types[0]
  for (const { type } of parseAccept(accept)) {
    const found = types.find((offered) => type === offered || type === '*/*' || type === 'application/*')
    if (found) return found
  }
  return undefined
}

function notAcceptable(): RawAnswer {
  return { type: 'raw', status: 406, headers: {}, body: '' }
}
