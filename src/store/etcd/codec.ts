import { ProtoReader } from '../../apimachinery/codec/protobuf/reader.ts'
import { BYTES, ProtoWriter, VARINT } from '../../apimachinery/codec/protobuf/writer.ts'
import type { Field, MessageType } from './messages.ts'

type Message = Readonly<Record<string, unknown>>

const writer = new ProtoWriter()

/** The bytes of a message. What is undefined is left out; zeros are written. */
export function encode(type: MessageType, message: object): Buffer {
  write(type, message as Message)
  const bytes = writer.finish()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** From the last field to the first, as ProtoWriter wants it. */
function write(type: MessageType, message: Message): void {
  for (const [name, field] of fieldsOf(type).backwards) {
    const value = message[name]
    if (value === undefined) continue
    if (!field.repeated) writeField(field, value)
    else for (const item of (value as readonly unknown[]).toReversed()) writeField(field, item)
  }
}

function writeField({ number, type }: Field, value: unknown): void {
  if (type === 'int' || type === 'bool') {
    writer.int64(type === 'bool' ? Number(value) : (value as number | bigint))
    return writer.tag(number, VARINT)
  }
  const end = writer.length
  if (type === 'bytes') writer.bytes(value as Uint8Array)
  else if (type === 'text') writer.text(value as string)
  else write(type, value as Message)
  writer.varint(writer.length - end)
  writer.tag(number, BYTES)
}

/** Reads a message. Its bytes are parts of `bytes`, not copies. */
export function decode(type: MessageType, bytes: Uint8Array): object {
  return read(type, new ProtoReader(bytes))
}

const NO_BYTES = new Uint8Array()

function read(type: MessageType, reader: ProtoReader): object {
  const { byNumber, empty } = fieldsOf(type)
  const message = empty()
  while (!reader.done) {
    const tag = reader.tag()
    const known = byNumber[tag >>> 3]
    if (!known) {
      reader.skip(tag & 7)
      continue
    }
    const [name, field] = known
    const value = readField(field, reader)
    if (field.repeated) (message[name] as unknown[]).push(value)
    else message[name] = value
  }
  return message
}

function readField({ type }: Field, reader: ProtoReader): unknown {
  switch (type) {
    case 'int':
      return reader.int64()
    case 'bool':
      return reader.uint32() !== 0
    case 'bytes':
      return reader.bytes()
    case 'text':
      return reader.text()
    default:
      return read(type, reader.message())
  }
}

type Named = readonly [name: string, field: Field]

/** A message's fields as coding wants them. */
interface Fields {
  readonly backwards: readonly Named[]
  readonly byNumber: readonly (Named | undefined)[]
  /** A message with nothing in it. */
  empty(): Record<string, unknown>
}

const known = new WeakMap<MessageType, Fields>()

function fieldsOf(type: MessageType): Fields {
  const found = known.get(type)
  if (found) return found
  const named: Named[] = Object.entries(type)
  const byNumber: (Named | undefined)[] = []
  for (const each of named) byNumber[each[1].number] = each
  const backwards = named.toSorted(([, a], [, b]) => b.number - a.number)
  const fields = { backwards, byNumber, empty: () => emptyOf(named) }
  known.set(type, fields)
  return fields
}

function emptyOf(named: readonly Named[]): Record<string, unknown> {
  const message: Record<string, unknown> = {}
  for (const [name, { type, repeated }] of named) message[name] = repeated ? [] : zeroOf(type)
  return message
}

function zeroOf(type: Field['type']): unknown {
  switch (type) {
    case 'int':
      return 0
    case 'bool':
      return false
    case 'bytes':
      return NO_BYTES
    case 'text':
      return ''
    default:
      return undefined
  }
}
