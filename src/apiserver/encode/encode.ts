import { encodeYaml } from '../../apimachinery/codec/yaml/yaml.ts'
import { badRequest, type StatusError } from '../../apimachinery/status.ts'
import {
  type Answer,
  type ListAnswer,
  listMeta,
  type ListItem,
  type ObjectAnswer,
  type WatchAnswer,
} from '../registry/answer.ts'
import type { KeptItems } from '../registry/list-cache.ts'
import { type Accepted, JSON_TYPE, notAcceptable, PROTOBUF_TYPE, YAML_TYPE } from '../request/negotiate.ts'
import type { Encoded, EncodedBody } from './encoded.ts'
import { protobufList, protobufValue, protobufWatch } from './protobuf.ts'

const encoder = new TextEncoder()

/** Encodes an answer as the client accepts it. Throws 406 for a form that this answer does not have. */
export async function encode(answer: Answer, accepted: Accepted): Promise<Encoded> {
  switch (answer.type) {
    case 'object':
      return encodeObject(answer, accepted)
    case 'value':
      return value(answer.status, answer.value, accepted)
    case 'raw':
      return { type: 'body', status: answer.status, headers: answer.headers, body: answer.body }
    case 'list':
      return encodeList(answer, accepted)
    case 'watch':
      return encodeWatch(answer, accepted)
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

function encodeObject({ status, object, resource }: ObjectAnswer, accepted: Accepted): EncodedBody {
  if (accepted.mediaType === JSON_TYPE && !accepted.pretty) return json(status, withNewline(object.json()))
  const { schema } = resource.definition
  const binary = accepted.mediaType === PROTOBUF_TYPE && protobufValue(status, object.object(), schema)
  return binary || value(status, object.object(), accepted)
}

async function encodeList(answer: ListAnswer, accepted: Accepted): Promise<Encoded> {
  switch (accepted.mediaType) {
    case JSON_TYPE:
      return accepted.pretty ? value(200, await wholeList(answer), accepted) : list(answer)
    case YAML_TYPE:
      return value(200, await wholeList(answer), accepted)
    case PROTOBUF_TYPE:
      return (await protobufList(answer)) ?? list(answer)
  }
}

async function wholeList(answer: ListAnswer): Promise<unknown> {
  const items = answer.first.map((item) => item.object())
  for await (const page of answer.rest()) for (const item of page) items.push(item.object())
  return { kind: answer.kind, apiVersion: answer.apiVersion, metadata: listMeta(answer), items }
}

/** YAML has no way to frame events. */
function encodeWatch(answer: WatchAnswer, { mediaType }: Accepted): Encoded {
  switch (mediaType) {
    case JSON_TYPE:
      return watch(answer)
    case YAML_TYPE:
      throw notAcceptable([`${JSON_TYPE};stream=watch`, `${PROTOBUF_TYPE};stream=watch`])
    case PROTOBUF_TYPE:
      return protobufWatch(answer)
  }
}

const JSON_HEADERS = { 'content-type': JSON_TYPE }
const NEWLINE = 0x0a

function json(status: number, body: Uint8Array | string): EncodedBody {
  return { type: 'body', status, headers: JSON_HEADERS, body }
}

function value(status: number, object: unknown, { mediaType, pretty }: Accepted): EncodedBody {
  if (mediaType === YAML_TYPE) {
    return { type: 'body', status, headers: YAML_HEADERS, body: encodeYaml(object) }
  }
  const binary = mediaType === PROTOBUF_TYPE ? protobufValue(status, object) : undefined
  return binary ?? json(status, pretty ? JSON.stringify(object, undefined, 2) : `${JSON.stringify(object)}\n`)
}

const YAML_HEADERS = { 'content-type': YAML_TYPE }

/** Upstream's encoder ends every document with a line end. */
function withNewline(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 1)
  out.set(bytes)
  out[bytes.length] = NEWLINE
  return out
}

const COMMA = 0x2c

function list(answer: ListAnswer): Encoded {
  const { kind, apiVersion, kept } = answer
  const meta = JSON.stringify({ kind, apiVersion, metadata: listMeta(answer) })
  const head = encoder.encode(`${meta.slice(0, -1)},"items":[`)
  const stream = { type: 'stream', status: 200, headers: JSON_HEADERS, compress: true } as const
  return kept
    ? { ...stream, parts: keptParts(head, kept), kept: { head, items: kept, tail: LIST_END } }
    : { ...stream, parts: listParts(head, answer) }
}

const LIST_END = encoder.encode(']}\n')

async function* keptParts(head: Uint8Array, { parts }: KeptItems): AsyncIterable<Uint8Array> {
  yield head
  yield* parts
  yield LIST_END
}

async function* listParts(head: Uint8Array, answer: ListAnswer): AsyncIterable<Uint8Array> {
  const all: Uint8Array[] = []
  yield head
  let any = false
  for await (const page of pages(answer)) {
    if (page.length === 0) continue
    const part = joined(page, any)
    any = true
    if (answer.keep) all.push(part)
    yield part
  }
  answer.keep?.(all)
  yield LIST_END
}

async function* pages(answer: ListAnswer): AsyncIterable<readonly ListItem[]> {
  yield answer.first
  yield* answer.rest()
}

/** Items as one piece, with commas between them, and before the first one if others came earlier. */
function joined(items: readonly ListItem[], comma: boolean): Uint8Array {
  const parts = items.map((item) => item.itemJson())
  let length = (comma ? 1 : 0) + Math.max(0, parts.length - 1)
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
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
