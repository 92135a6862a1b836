import { prettyJson, stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import { encodeYaml } from '../../apimachinery/codec/yaml/yaml.ts'
import { ByteSink } from '../../lib/byte-sink.ts'
import { nextTurn } from '../../lib/turn.ts'
import { badRequest, type StatusError } from '../../apimachinery/status.ts'
import {
  type Answer,
  type ListAnswer,
  listHead,
  type ListItem,
  type ObjectAnswer,
  type WatchAnswer,
  type WatchListener,
  writtenList,
} from '../registry/answer.ts'
import type { MaybePromise } from '../../store/store.ts'
import type { KeptItems } from '../registry/list-cache.ts'
import { type Accepted, JSON_TYPE, notAcceptable, PROTOBUF_TYPE, YAML_TYPE } from '../request/negotiate.ts'
import { type Encoded, type EncodedBody, encodingListener, type EventSink } from './encoded.ts'
import { initialFrame } from '../watch/frame.ts'
import { protobufList, protobufValue, protobufWatch } from './protobuf.ts'

const encoder = new TextEncoder()

/** Encodes an answer as the client accepts it. Throws 406 for a form that this answer does not have. */
export function encode(answer: Answer, accepted: Accepted): MaybePromise<Encoded> {
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
  if (accepted.mediaType === JSON_TYPE && !accepted.pretty) return json(status, object.json('\n'))
  const { schema } = resource.definition
  const binary = accepted.mediaType === PROTOBUF_TYPE && protobufValue(status, object.object(), schema)
  return binary || value(status, object.object(), accepted)
}

async function encodeList(answer: ListAnswer, accepted: Accepted): Promise<Encoded> {
  switch (accepted.mediaType) {
    case JSON_TYPE:
      return accepted.pretty ? value(200, await writtenList(answer), accepted) : list(answer)
    case YAML_TYPE:
      return value(200, await writtenList(answer), accepted)
    case PROTOBUF_TYPE:
      return (await protobufList(answer)) ?? list(answer)
  }
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

function json(status: number, body: Uint8Array | string): EncodedBody {
  return { type: 'body', status, headers: JSON_HEADERS, body }
}

function value(status: number, object: unknown, { mediaType, pretty }: Accepted): EncodedBody {
  if (mediaType === YAML_TYPE) {
    return { type: 'body', status, headers: YAML_HEADERS, body: encodeYaml(object) }
  }
  const binary = mediaType === PROTOBUF_TYPE ? protobufValue(status, object) : undefined
  return binary ?? json(status, pretty ? prettyJson(object) : `${stringifyJson(object)}\n`)
}

const YAML_HEADERS = { 'content-type': YAML_TYPE }

const COMMA = 0x2c

function list(answer: ListAnswer): Encoded {
  const { kept, shape } = answer
  const head = encoder.encode(`${JSON.stringify(listHead(answer)).slice(0, -1)},"${shape?.items ?? 'items'}":[`)
  const stream = { type: 'stream', status: 200, headers: JSON_HEADERS, compress: true } as const
  if (kept && kept.parts.length <= 1) return json(200, joined([head, ...kept.parts, LIST_END]))
  if (kept) return { ...stream, parts: keptParts(head, kept), kept: { head, items: kept, tail: LIST_END } }
  const isSmall = !answer.rest && answer.first.reduce((sum, item) => sum + item.size, 0) < PART_BYTES
  return isSmall ? json(200, wholeBody(head, answer)) : { ...stream, parts: listParts(head, answer) }
}

const LIST_END = encoder.encode(']}\n')

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

async function* keptParts(head: Uint8Array, { parts }: KeptItems): AsyncIterable<Uint8Array> {
  yield head
  yield* parts
  yield LIST_END
}

/** A list that has all its items already. */
function wholeBody(head: Uint8Array, answer: ListAnswer): Uint8Array {
  const sink = new ByteSink(head.length + answer.first.length * 2048 + LIST_END.length)
  sink.write(head)
  const write = writerOf(sink)
  for (const item of answer.first) write(item)
  if (sink.length > head.length) answer.keep?.add(sink.view().subarray(head.length))
  answer.keep?.done()
  sink.write(LIST_END)
  return sink.view()
}

/** Large enough that a part costs little by itself, small enough that others get their turn; the bytes of a socket's one write. */
const PART_BYTES = 128 * 1024

/** Each part is good until the next is asked for. */
async function* listParts(head: Uint8Array, answer: ListAnswer): AsyncIterable<Uint8Array> {
  const sink = new ByteSink(PART_BYTES + PART_BYTES / 4)
  const write = writerOf(sink)
  const part = (from = 0): Uint8Array => {
    const bytes = sink.view()
    if (bytes.length > from) answer.keep?.add(bytes.subarray(from))
    sink.clear()
    return bytes
  }
  sink.write(head)
  let headLength = head.length
  for (const item of answer.first) {
    if (write(item) < PART_BYTES) continue
    yield part(headLength)
    headLength = 0
  }
  if (sink.length > 0) yield part(headLength)
  const rest = answer.rest?.()
  for (let more = rest !== undefined; rest && more;) {
    more = await rest.step((item) => write(item) < PART_BYTES)
    if (sink.length > 0) yield part()
    else if (more) await nextTurn()
  }
  answer.keep?.done()
  yield LIST_END
}

/** Writes items with commas between them; says how much is in the sink. */
function writerOf(sink: ByteSink): (item: ListItem) => number {
  let any = false
  return (item) => {
    if (any) sink.byte(COMMA)
    any = true
    item.writeItem(sink)
    return sink.length
  }
}

function watch(answer: WatchAnswer): Encoded {
  return {
    type: 'watch',
    headers: JSON_HEADERS,
    start: (to) => answer.start(jsonListener(to)),
  }
}

const ADDED = encoder.encode('{"type":"ADDED","object":')
const EVENT_END = encoder.encode('}\n')

/** What is there already is written from the stored bytes where they are. */
function jsonListener(to: EventSink): WatchListener {
  const listener = encodingListener(to, (frame) => frame.line())
  return {
    ...listener,
    onInitial(item) {
      const sink = to.held?.()
      if (!sink) return listener.onEvent(initialFrame(item))
      sink.write(ADDED)
      item.writeJson(sink)
      sink.write(EVENT_END)
    },
  }
}
