import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { failure, internalError, StatusError } from '../../apimachinery/status.ts'
import { uuid } from '../../lib/random.ts'
import type { Answer, ListAnswer, WatchAnswer } from '../registry/answer.ts'
import type { Call } from '../request/call.ts'
import { parseRequestInfo } from '../request/info.ts'
import type { ApiServer } from '../server.ts'

/** What HTTP/1.1 and HTTP/2 requests have in common. */
export type HttpRequest = IncomingMessage
export type HttpResponse = ServerResponse

/** The largest body: upstream's limit. */
const BODY_LIMIT = 3 * 1024 * 1024

/** Answers one HTTP request. Never rejects. */
export async function answerHttp(server: ApiServer, request: HttpRequest, response: HttpResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  response.setHeader('audit-id', uuid(server.env.random))
  response.setHeader('cache-control', 'no-cache, private')
  try {
    const call = await readCall(server, request, gone.signal)
    const answer = await server.answer(call)
    for (const text of call.warnings) response.appendHeader('warning', `299 - ${JSON.stringify(text)}`)
    await send(answer, response, gone.signal)
  } catch (error) {
    if (response.headersSent) response.destroy()
    else sendStatus(response, error instanceof StatusError ? error : internalError(error))
    if (!(error instanceof StatusError)) server.env.log.error('request failed', { err: error, path: request.url })
  }
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

async function send(answer: Answer, response: HttpResponse, signal: AbortSignal): Promise<void> {
  switch (answer.type) {
    case 'object':
      return sendJson(response, answer.status, answer.object.json())
    case 'value':
      return sendJson(response, answer.status, JSON.stringify(answer.value))
    case 'raw':
      response.writeHead(answer.status, answer.headers)
      return void response.end(answer.body)
    case 'list':
      return sendList(answer, response)
    case 'watch':
      return sendWatch(answer, response, signal)
  }
}

function sendJson(response: HttpResponse, status: number, body: Uint8Array | string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function sendStatus(response: HttpResponse, error: StatusError): void {
  sendJson(response, error.code, JSON.stringify(error.status))
}

async function sendList(answer: ListAnswer, response: HttpResponse): Promise<void> {
  const { definition, codec } = answer.resource
  const metadata = {
    resourceVersion: String(answer.revision),
    ...(answer.continue && { continue: answer.continue }),
    ...(answer.remaining !== undefined && { remainingItemCount: answer.remaining }),
  }
  const head = JSON.stringify({ kind: definition.listKind, apiVersion: codec.apiVersion, metadata })
  response.writeHead(200, { 'content-type': 'application/json' })
  response.write(`${head.slice(0, -1)},"items":[`)
  let first = true
  const write = async (objects: ListAnswer['first']): Promise<void> => {
    if (objects.length === 0) return
    const parts: Uint8Array[] = []
    for (const object of objects) {
      if (!first) parts.push(COMMA)
      first = false
      parts.push(object.json())
    }
    if (!response.write(Buffer.concat(parts))) await drained(response)
  }
  await write(answer.first)
  for await (const page of answer.rest()) await write(page)
  response.end(']}')
}

const COMMA = Buffer.from(',')

function drained(response: HttpResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    response.once('drain', resolve)
    response.once('close', () => reject(new Error('the client has gone')))
  })
}

/** Bytes that a slow watcher may leave unread before its watch is ended. */
const MOST_UNREAD_BYTES = 16 * 1024 * 1024

function sendWatch(answer: WatchAnswer, response: HttpResponse, signal: AbortSignal): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()
  const end = (): void => {
    stop()
    response.end()
  }
  let stop: () => void = () => {}
  stop = answer.start({
    onEvent(frame) {
      response.write(frame.line())
      if (response.writableLength > MOST_UNREAD_BYTES) end()
    },
    onEnd: () => response.end(),
  })
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
}
