import { internalError, StatusError } from '../../apimachinery/status.ts'
import { uuid } from '../../lib/random.ts'
import { encode, encodeError } from '../encode/encode.ts'
import type { Encoded, EncodedStream, EncodedWatch } from '../encode/encoded.ts'
import { type Call, header } from '../request/call.ts'
import { type Accepted, ALL_MEDIA_TYPES, CUSTOM_MEDIA_TYPES, JSON_TYPE, negotiate } from '../request/negotiate.ts'
import type { ApiServer } from '../server.ts'
import { objectOffer, transform } from '../transform/transform.ts'
import { compressed, compressedKept, compressing, wantsGzip } from './compress.ts'
import type { Deadlines } from './deadlines.ts'
import type { Exchange, OutgoingHeaders } from './exchange.ts'
import { httpCall, pathOf } from './http-call.ts'

const PLAIN_JSON: Accepted = { mediaType: JSON_TYPE, target: undefined, pretty: false }
const PRETTY_JSON: Accepted = { ...PLAIN_JSON, pretty: true }
const OFFER = objectOffer(ALL_MEDIA_TYPES)
const CUSTOM_OFFER = objectOffer(CUSTOM_MEDIA_TYPES)

/** Answers one HTTP request, whose body has until its deadline. Never rejects. */
export async function answerHttp(server: ApiServer, exchange: Exchange, bodies: Deadlines): Promise<void> {
  const started = server.env.clock.monotonic()
  const headers: OutgoingHeaders = { 'audit-id': uuid(server.env.random), 'cache-control': 'no-cache, private' }
  try {
    const { encoded, call } = await encodedAnswer(server, exchange, bodies, headers)
    if (call) server.observe(call, 'status' in encoded ? encoded.status : 200, started)
    if (call && encoded.type === 'watch') exchange.onClose(server.longRunning(call))
    await send(encoded, exchange, headers)
  } catch (error) {
    if (!exchange.begun) server.env.log.error('request failed', { err: error, path: exchange.url })
    exchange.destroy()
  }
}

/** Who sends a request. Throws 401. */
export function authenticate(server: ApiServer, exchange: Exchange): ReturnType<ApiServer['authenticate']> {
  const { certificate } = exchange
  return server.authenticate({
    headers: exchange.headers,
    path: pathOf(exchange.url),
    ...(certificate && { clientCertificate: certificate }),
  })
}

interface Answered {
  readonly encoded: Encoded
  /** Undefined when the sender could not be told. */
  readonly call: Call | undefined
}

async function encodedAnswer(
  server: ApiServer,
  exchange: Exchange,
  bodies: Deadlines,
  headers: OutgoingHeaders,
): Promise<Answered> {
  let accepted = PLAIN_JSON
  let call: Call | undefined
  try {
    call = httpCall(bodies, exchange, await authenticate(server, exchange))
    const pretty = wantsPretty(call)
    if (pretty) accepted = { ...accepted, pretty }
    // Before anything is done: a write whose answer the client cannot take does not happen.
    if (call.info.isResource) accepted = acceptedBy(server, call, pretty)
    const answer = await server.answer(call)
    const transformed = accepted.target ? await transform(answer, accepted.target, call.query, server.env) : answer
    return { encoded: await encode(transformed, accepted), call }
  } catch (error) {
    if (!(error instanceof StatusError)) {
      server.env.log.error('request failed', { err: error, path: exchange.url })
    }
    return { encoded: encodeError(error instanceof StatusError ? error : internalError(error), accepted), call }
  } finally {
    if (call && call.warnings.length > 0) headers['warning'] = call.warnings.map(warningHeader)
  }
}

function acceptedBy(server: ApiServer, call: Call, pretty: boolean): Accepted {
  const accept = header(call.headers, 'accept')
  if (accept === '' || accept === '*/*' || accept === JSON_TYPE) return pretty ? PRETTY_JSON : PLAIN_JSON
  const { group, version, resource } = call.info
  const isCustom = server.resources.find(group, version, resource)?.custom !== undefined
  const accepted = negotiate(accept, isCustom ? CUSTOM_OFFER : OFFER)
  return pretty ? { ...accepted, pretty } : accepted
}

/** RFC 7234, 5.5, with the one code that the API uses. */
export function warningHeader(text: string): string {
  return `299 - ${JSON.stringify(text)}`
}

/** People look at answers in browsers and with curl. */
function wantsPretty(call: Call): boolean {
  const asked = call.query.size > 0 ? call.query.get('pretty') : null
  if (asked) return asked === 'true' || asked === '1'
  return /^(curl|Wget|Mozilla\/5\.0)/.test(header(call.headers, 'user-agent'))
}

async function send(encoded: Encoded, exchange: Exchange, headers: OutgoingHeaders): Promise<void> {
  Object.assign(headers, encoded.headers)
  switch (encoded.type) {
    case 'body': {
      const gzipped = wantsGzip(exchange.headers) ? await compressed(encoded.body, headers) : undefined
      return exchange.send(encoded.status, headers, gzipped ?? encoded.body)
    }
    case 'stream':
      return sendStream(encoded, exchange, headers)
    case 'watch':
      return sendWatch(encoded, exchange, headers)
  }
}

async function sendStream(encoded: EncodedStream, exchange: Exchange, headers: OutgoingHeaders): Promise<void> {
  const parts = encoded.compress && wantsGzip(exchange.headers) ? await gzipped(encoded, headers) : encoded.parts
  const out = exchange.begin(encoded.status, headers)
  for await (const part of parts) await out.write(part)
  out.end()
}

async function gzipped(
  { kept, parts }: EncodedStream,
  headers: OutgoingHeaders,
): Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> {
  if (!kept) return compressing(parts, headers)
  return (await compressedKept(kept, headers)) ?? parts
}

/** Bytes that a slow watcher may leave unread before its watch is cut; it then starts again from where it was. */
const MOST_UNREAD_BYTES = 16 * 1024 * 1024

function sendWatch({ start }: EncodedWatch, exchange: Exchange, headers: OutgoingHeaders): void {
  const out = exchange.begin(200, headers)
  const stop = start(
    (event) => {
      out.send(event)
      if (out.unread > MOST_UNREAD_BYTES) exchange.destroy()
    },
    () => out.end(),
  )
  exchange.onClose(stop)
}
