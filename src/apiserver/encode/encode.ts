import { badRequest, type StatusError } from '../../apimachinery/status.ts'
import { type Answer, type ListAnswer, listMeta, type ListItem, type WatchAnswer } from '../registry/answer.ts'
import { type Accepted, JSON_TYPE } from '../request/negotiate.ts'
import type { Encoded, EncodedBody } from './encoded.ts'

const encoder = new TextEncoder()

/** Encodes an answer as the client accepts it. Throws 406 for a form that this answer does not have. */
export function encode(answer: Answer, accepted: Accepted): Encoded {
  switch (answer.type) {
    case 'object':
      return accepted.pretty
        ? value(answer.status, answer.object.object(), accepted)
        : json(answer.status, withNewline(answer.object.json()))
    case 'value':
      return value(answer.status, answer.value, accepted)
    case 'raw':
      return { type: 'body', status: answer.status, headers: answer.headers, body: answer.body }
    case 'list':
      return list(answer)
    case 'watch':
      return watch(answer)
    case 'stream':
      return { type: 'stream', status: answer.status, headers: answer.headers, compress: false, parts: answer.body }
    case 'upgrade':
      throw badRequest('Upgrade request required')
  }
}

/** An error as a Status in the client's form. */
export function encodeError(error: StatusError, accepted: Accepted): EncodedBody {
  const body = value(error.code, error.status, accepted)
  const seconds = error.status.details?.retryAfterSeconds
  return seconds ? { ...body, headers: { ...body.headers, 'retry-after': String(seconds) } } : body
}

const JSON_HEADERS = { 'content-type': JSON_TYPE }
const NEWLINE = 0x0a

function json(status: number, body: Uint8Array | string): EncodedBody {
  return { type: 'body', status, headers: JSON_HEADERS, body }
}

function value(status: number, object: unknown, { pretty }: Accepted): EncodedBody {
  return json(status, pretty ? JSON.stringify(object, undefined, 2) : `${JSON.stringify(object)}\n`)
}

/** Upstream's encoder ends every document with a line end. */
function withNewline(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 1)
  out.set(bytes)
  out[bytes.length] = NEWLINE
  return out
}

const COMMA = 0x2c

function list(answer: ListAnswer): Encoded {
  const { kind, apiVersion } = answer
  const head = JSON.stringify({ kind, apiVersion, metadata: listMeta(answer) })
  return {
    type: 'stream',
    status: 200,
    headers: JSON_HEADERS,
    compress: true,
    parts: listParts(`${head.slice(0, -1)},"items":[`, answer),
  }
}

async function* listParts(head: string, answer: ListAnswer): AsyncIterable<Uint8Array> {
  const start = encoder.encode(head)
  yield joined(answer.first, start, false)
  let any = answer.first.length > 0
  for await (const page of answer.rest()) {
    if (page.length === 0) continue
    yield joined(page, undefined, any)
    any = true
  }
  yield encoder.encode(']}\n')
}

/** Items as one piece, with commas between them, and before the first one if others came earlier. */
function joined(items: readonly ListItem[], head: Uint8Array | undefined, comma: boolean): Uint8Array {
  const parts = items.map((item) => item.itemJson())
  let length = (head?.length ?? 0) + (comma ? 1 : 0) + Math.max(0, parts.length - 1)
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  if (head) {
    out.set(head)
    at = head.length
  }
  let first = !comma
  for (const part of parts) {
    if (!first) out[at++] = COMMA
    first = false
    out.set(part, at)
    at += part.length
  }
  return out
}

function watch(answer: WatchAnswer): Encoded {
  return {
    type: 'watch',
    headers: JSON_HEADERS,
    start: (send, end) => answer.start({ onEvent: (frame) => send(frame.line()), onEnd: end }),
  }
}
