import { encodeProtobuf, envelopeAround, encodeWatchFrame } from '../../apimachinery/codec/protobuf/envelope.ts'
import { encodeMessage } from '../../apimachinery/codec/protobuf/encode.ts'
import { nextTurn } from '../../lib/turn.ts'
import { type ListAnswer, listMeta, type WatchAnswer, type WatchFrame } from '../registry/answer.ts'
import { PROTOBUF_TYPE } from '../request/negotiate.ts'
import { type Encoded, type EncodedBody, encodingListener } from './encoded.ts'
import { listModel, modelOf } from './models.ts'
import type { StructSchema } from '../../apimachinery/schema.ts'

const HEADERS = { 'content-type': PROTOBUF_TYPE }
const WATCH_HEADERS = { 'content-type': `${PROTOBUF_TYPE};stream=watch` }

/** A value of a built-in kind; undefined when its kind has no protobuf. */
export function protobufValue(status: number, value: unknown, schema?: StructSchema): EncodedBody | undefined {
  const body = protobufBody(value, schema)
  return body && { type: 'body', status, headers: HEADERS, body }
}

function protobufBody(value: unknown, schema?: StructSchema): Uint8Array | undefined {
  const { apiVersion = '', kind = '' } = value as { apiVersion?: string; kind?: string }
  const known = schema ?? modelOf(apiVersion, kind)
  return known && encodeProtobuf(known, { apiVersion, kind }, value as object)
}

/** Items that are encoded together. */
const PAGE = 200

/**
 * A list. Its length stands before it, so that all items are encoded first; their objects are let go of page by page. Undefined when its
 * kind has no protobuf.
 */
export async function protobufList(answer: ListAnswer): Promise<Encoded | undefined> {
  const isOwn = answer.kind === answer.resource.definition.listKind
  const schema = isOwn ? listModel(answer.resource) : modelOf(answer.apiVersion, answer.kind)
  if (!schema) return undefined
  const parts = [
    encodeMessage(schema, { metadata: listMeta(answer), items: answer.first.map((item) => item.object()) }),
  ]
  // Metadata, which stands first, is always written, and must not come again.
  const skipped = encodeMessage(schema, {}).length
  for await (const items of pagesOf(answer)) parts.push(encodeMessage(schema, { items }).subarray(skipped))
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const { head, tail } = envelopeAround(answer, length)
  const all = [head, ...parts, tail]
  return { type: 'stream', status: 200, headers: HEADERS, compress: true, parts: inTurn(all) }
}

/** The objects after the first ones. A field that is repeated may come in pieces, so that each page can be encoded by itself. */
async function* pagesOf({ rest }: ListAnswer): AsyncIterable<readonly object[]> {
  const steps = rest?.()
  for (let more = steps !== undefined; steps && more;) {
    const items: object[] = []
    more = await steps.step((item) => items.push(item.object()) < PAGE)
    if (items.length > 0) yield items
    await nextTurn()
  }
}

async function* inTurn(parts: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* parts
}

/** Events, each in a frame of its own; encoded once for all who watch in protobuf. */
export function protobufWatch(answer: WatchAnswer): Encoded {
  const { schema, kind: own } = answer.resource.definition
  const encode = (frame: WatchFrame): Uint8Array =>
    frame.derived(PROTOBUF_TYPE, () => {
      const object = frame.object()
      const isOwn = frame.type !== 'ERROR' && object.kind === own
      return encodeWatchFrame(frame.type, protobufBody(object, isOwn ? schema : undefined) ?? new Uint8Array())
    })
  return {
    type: 'watch',
    headers: WATCH_HEADERS,
    start: (to) => answer.start(encodingListener(to, encode)),
  }
}
