import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { failure, internalError, StatusError } from '../../apimachinery/status.ts'
import { uuid } from '../../lib/random.ts'
import { encode, encodeError } from '../encode/encode.ts'
import type { Encoded, EncodedStream, EncodedWatch } from '../encode/encoded.ts'
import { type Call, header } from '../request/call.ts'
import { parseRequestInfo } from '../request/info.ts'
import { type Accepted, ALL_MEDIA_TYPES, JSON_TYPE, negotiate } from '../request/negotiate.ts'
import type { ApiServer } from '../server.ts'
import { objectOffer, transform } from '../transform/transform.ts'

/** What HTTP/1.1 and HTTP/2 requests have in common. */
export type HttpRequest = IncomingMessage
export type HttpResponse = ServerResponse

/** The largest body: upstream's limit. */
const BODY_LIMIT = 3 * 1024 * 1024

const PLAIN_JSON: Accepted = { mediaType: JSON_TYPE, target: undefined, pretty: false }

/** Answers one HTTP request. Never rejects. */
export async function answerHttp(server: ApiServer, request: HttpRequest, response: HttpResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  response.setHeader('audit-id', uuid(server.env.random))
  response.setHeader('cache-control', 'no-cache, private')
  try {
    await send(await encodedAnswer(server, request, response, gone.signal), response, gone.signal)
  } catch (error) {
    server.env.log.error('request failed', { err: error, path: request.url })
    response.destroy()
  }
}

async function encodedAnswer(
  server: ApiServer,
  request: HttpRequest,
  response: HttpResponse,
  signal: AbortSignal,
): Promise<Encoded> {
  let accepted = PLAIN_JSON
  try {
    const call = await readCall(server, request, signal)
    accepted = { ...accepted, pretty: wantsPretty(call) }
    const answer = await server.answer(call)
    for (const text of call.warnings) response.appendHeader('warning', `299 - ${JSON.stringify(text)}`)
    if (answer.type === 'raw') return encode(answer, accepted)
    const wanted = negotiate(header(call.headers, 'accept'), objectOffer(ALL_MEDIA_TYPES))
    accepted = { ...wanted, pretty: wanted.pretty || accepted.pretty }
    return encode(await transform(answer, accepted.target, call.query, server.env), accepted)
  } catch (error) {
    if (error instanceof StatusError) return encodeError(error, accepted)
    server.env.log.error('request failed', { err: error, path: request.url })
    return encodeError(internalError(error), accepted)
  }
}

/** People look at answers in browsers and with curl. */
function wantsPretty(call: Call): boolean {
  const asked = call.query.get('pretty')
  if (asked) return asked === 'true' || asked === '1'
  return /^(curl|Wget|Mozilla\/5\.0)/.test(header(call.headers, 'user-agent'))
}

async function readCall(server: ApiServer, request: HttpRequest, signal: AbortSignal): Promise<Call> {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  const method = request.method ?? 'GET'
  const socket = request.socket as TLSSocket
  const certificate = socket.authorized ? socket.getPeerX509Certificate?.()?.raw : undefined
  const user = await server.authenticate({
    headers: request.headers,
    path,
    ...(certificate && { clientCertificate: certificate }),
  })
  return {
    method,
    info: parseRequestInfo(method, path, query),
    query,
    headers: request.headers,
    user,
    body: { kind: 'bytes', read: () => readBody(request) },
    signal,
    warnings: [],
    annotations: new Map(),
  }
}

async function readBody(request: HttpRequest): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_LIMIT) throw failure('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT}`)
    chunks.push(chunk)
  }
  return chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks, length)
}

async function send(encoded: Encoded, response: HttpResponse, signal: AbortSignal): Promise<void> {
  switch (encoded.type) {
    case 'body': {
      const { status, headers, body } = encoded
      response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
      response.end(body)
      return
    }
    case 'stream':
      return sendStream(encoded, response)
    case 'watch':
      return sendWatch(encoded, response, signal)
  }
}

async function sendStream({ status, headers, parts }: EncodedStream, response: HttpResponse): Promise<void> {
  response.writeHead(status, headers)
  for await (const part of parts) if (!response.write(part)) await drained(response)
  response.end()
}

function drained(response: HttpResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDrain = (): void => {
      response.off('close', onClose)
      resolve()
    }
    const onClose = (): void => {
      response.off('drain', onDrain)
      reject(new Error('the client has gone'))
    }
    response.once('drain', onDrain)
    response.once('close', onClose)
  })
}

/** Bytes that a slow watcher may leave unread before its watch is ended. */
const MOST_UNREAD_BYTES = 16 * 1024 * 1024

function sendWatch({ headers, start }: EncodedWatch, response: HttpResponse, signal: AbortSignal): void {
  response.writeHead(200, headers)
  response.flushHeaders()
  const stop = start(
    (event) => {
      response.write(event)
      if (response.writableLength > MOST_UNREAD_BYTES) response.destroy()
    },
    () => response.end(),
  )
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
}
