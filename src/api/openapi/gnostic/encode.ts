import type { Json } from '../model.ts'
import { documentMessage, type Kind, type Message } from './messages.ts'
import { ProtoWriter } from './writer.ts'

/** An OpenAPI v2 document as gnostic's openapi.v2.Document. */
export function encodeDocumentV2(document: Json): Uint8Array {
  const writer = new ProtoWriter()
  writeMessage(writer, documentMessage, document)
  return writer.finish()
}

function writeMessage(writer: ProtoWriter, message: Message, object: Json): void {
  for (const [key, value] of Object.entries(object)) {
    const field = Object.hasOwn(message.fields, key) ? message.fields[key] : undefined
    if (field) writeField(writer, field[0], field[1], value)
    else if (message.extensions !== undefined && key.startsWith('x-'))
      writeNamed(writer, message.extensions, 'any', key, value)
    else if (message.named) writeNamed(writer, message.named[0], message.named[1], key, value)
    else throw new Error(`OpenAPI: gnostic has no place for ${key}`)
  }
}

function writeNamed(writer: ProtoWriter, number: number, kind: Kind, name: string, value: unknown): void {
  writer.message(number, (inner) => {
    inner.string(1, name)
    writeField(inner, 2, kind, value)
  })
}

function writeField(writer: ProtoWriter, number: number, kind: Kind, value: unknown): void {
  if (typeof kind === 'string') return writePlain(writer, number, kind, value)
  if ('message' in kind) return writer.message(number, (inner) => writeMessage(inner, kind.message(), value as Json))
  if ('messages' in kind) {
    for (const item of value as Json[]) writer.message(number, (inner) => writeMessage(inner, kind.messages(), item))
    return
  }
  const wrap = 'wrapped' in kind ? kind.wrapped : kind.wrappedList
  for (const item of 'wrapped' in kind ? [value] : (value as unknown[])) {
    writer.message(number, (inner) => writeField(inner, ...wrap(item), item))
  }
}

function writePlain(writer: ProtoWriter, number: number, kind: Extract<Kind, string>, value: unknown): void {
  switch (kind) {
    case 'string':
      return writer.string(number, value as string)
    case 'bool':
      return writer.bool(number, value as boolean)
    case 'integer':
      return writer.integer(number, value as number)
    case 'double':
      return writer.double(number, value as number)
    case 'strings':
      return (value as string[]).forEach((item) => writer.string(number, item))
    case 'stringArray':
      return writer.message(number, (inner) => [value].flat().forEach((item) => inner.string(1, item as string)))
    case 'any':
      return writeAny(writer, number, value)
    case 'anys':
      return (value as unknown[]).forEach((item) => writeAny(writer, number, item))
  }
}

/** gnostic's Any, whose second field is YAML, of which JSON is a part. */
function writeAny(writer: ProtoWriter, number: number, value: unknown): void {
  writer.message(number, (inner) => inner.string(2, `${JSON.stringify(value)}\n`))
}
