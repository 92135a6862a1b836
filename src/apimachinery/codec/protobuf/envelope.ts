import type { StructSchema } from '../../schema.ts'
import { DecodeError } from '../errors.ts'
import { decodeMessage } from './decode.ts'
import { encodeMessage } from './encode.ts'
import { ProtoReader } from './reader.ts'
import { BYTES, ProtoWriter } from './writer.ts'

/** What every protobuf body begins with: `k8s` and a zero. */
const MAGIC = Uint8Array.of(0x6b, 0x38, 0x73, 0)

/** runtime.Unknown: a message and what it is of. */
export interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  readonly raw: Uint8Array
  readonly contentEncoding: string
  /** Empty for protobuf. */
  readonly contentType: string
}

/** Whether a body is one of ours. */
export const isProtobuf = (body: Uint8Array): boolean =>
  body.length >= MAGIC.length && MAGIC.every((byte, index) => body[index] === byte)

/** A whole body: the object's message in its envelope. */
export function encodeProtobuf(
  schema: StructSchema,
  typeMeta: { readonly apiVersion: string; readonly kind: string },
  object: object,
): Uint8Array<ArrayBuffer> {
  return encodeEnvelope({ ...typeMeta, raw: encodeMessage(schema, object) })
}

/** A whole body of a message that is encoded already. */
export function encodeEnvelope({
  apiVersion,
  kind,
  raw,
}: Pick<Envelope, 'apiVersion' | 'kind' | 'raw'>): Uint8Array<ArrayBuffer> {
  const writer = new ProtoWriter()
  text(writer, 4, '')
  text(writer, 3, '')
  bytes(writer, 2, raw)
  const before = writer.length
  text(writer, 2, kind)
  text(writer, 1, apiVersion)
  writer.varint(writer.length - before)
  writer.tag(1, BYTES)
  writer.bytes(MAGIC)
  return writer.finish()
}

/** What stands before and after a message of `length` bytes that is put together elsewhere. */
export function envelopeAround(
  typeMeta: Pick<Envelope, 'apiVersion' | 'kind'>,
  length: number,
): { readonly head: Uint8Array; readonly tail: Uint8Array } {
  const empty = encodeEnvelope({ ...typeMeta, raw: new Uint8Array() })
  const tailAt = empty.length - 4
  const size = new ProtoWriter()
  size.varint(length)
  const sized = size.finish()
  // The empty message's one byte of length is replaced.
  const head = new Uint8Array(tailAt - 1 + sized.length)
  head.set(empty.subarray(0, tailAt - 1))
  head.set(sized, tailAt - 1)
  return { head, tail: empty.subarray(tailAt) }
}

/** Opens a body. Throws DecodeError. */
export function openEnvelope(body: Uint8Array): Envelope {
  if (body.length === 0) throw new DecodeError('empty data', { unrecognized: true })
  if (!isProtobuf(body))
    throw new DecodeError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]', {
      unrecognized: true,
    })
  if (body.length === MAGIC.length) throw new DecodeError('empty body', { unrecognized: true })
  try {
    return readEnvelope(new ProtoReader(body, MAGIC.length))
  } catch (error) {
    throw error instanceof DecodeError ? new DecodeError(error.message, { unrecognized: true }) : error
  }
}

function readEnvelope(reader: ProtoReader): Envelope {
  const texts = ['', '', '', '', '']
  let typeMeta = { apiVersion: '', kind: '' }
  let raw: Uint8Array = new Uint8Array()
  while (!reader.done) {
    const tag = reader.tag()
    const number = tag >>> 3
    if ((tag & 7) !== BYTES || number > 4) reader.skip(tag & 7)
    else if (number === 1) typeMeta = readTypeMeta(reader.message())
    else if (number === 2) raw = reader.bytes()
    else texts[number] = reader.text()
  }
  return { ...typeMeta, raw, contentEncoding: texts[3] ?? '', contentType: texts[4] ?? '' }
}

function readTypeMeta(reader: ProtoReader): { apiVersion: string; kind: string } {
  const found = { apiVersion: '', kind: '' }
  while (!reader.done) {
    const tag = reader.tag()
    if (tag === ((1 << 3) | BYTES)) found.apiVersion = reader.text()
    else if (tag === ((2 << 3) | BYTES)) found.kind = reader.text()
    else reader.skip(tag & 7)
  }
  return found
}

/** Decodes a whole body along its schema; what the envelope says the object is comes with it. Throws DecodeError. */
export function decodeProtobuf(schema: StructSchema, body: Uint8Array): Record<string, unknown> {
  const { apiVersion, kind, raw } = openEnvelope(body)
  return { ...(kind && { kind }), ...(apiVersion && { apiVersion }), ...decodeMessage(schema, raw) }
}

/** One frame of a watch: four bytes of length, then metav1.WatchEvent with the object's whole body in it. */
export function encodeWatchFrame(type: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new ProtoWriter()
  bytes(writer, 1, body)
  const object = writer.length
  writer.varint(object)
  writer.tag(2, BYTES)
  text(writer, 1, type)
  const length = writer.length
  writer.bytes(Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length))
  return writer.finish()
}

function text(writer: ProtoWriter, number: number, value: string): void {
  const before = writer.length
  writer.text(value)
  writer.varint(writer.length - before)
  writer.tag(number, BYTES)
}

function bytes(writer: ProtoWriter, number: number, value: Uint8Array): void {
  writer.bytes(value)
  writer.varint(value.length)
  writer.tag(number, BYTES)
}
