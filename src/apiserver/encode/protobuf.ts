import { encodeEnvelope, encodeProtobuf, encodeWatchFrame } from '../../apimachinery/codec/protobuf/envelope.ts'
import { encodeMessage } from '../../apimachinery/codec/protobuf/encode.ts'
import { allObjects, type ListAnswer, listMeta, type WatchAnswer, type WatchFrame } from '../registry/answer.ts'
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

/** A list in one body: its length stands before it. Undefined when its kind has no protobuf. */
export async function protobufList(answer: ListAnswer): Promise<Encoded | undefined> {
  const isOwn = answer.kind === answer.resource.definition.listKind
  const schema = isOwn ? listModel(answer.resource) : modelOf(answer.apiVersion, answer.kind)
  if (!schema) return undefined
  const items = await allObjects(answer)
  const { apiVersion, kind } = answer
  const raw = encodeMessage(schema, { metadata: listMeta(answer), items })
  return { type: 'body', status: 200, headers: HEADERS, body: encodeEnvelope({ apiVersion, kind, raw }) }
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
