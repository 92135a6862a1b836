import { gunzipSync } from 'node:zlib'
import { parseAllDocuments } from 'yaml'
import { decodeProtobuf, isProtobuf, openEnvelope } from '../../src/apimachinery/codec/protobuf/envelope.ts'
import { modelOf } from '../../src/apiserver/encode/models.ts'
import type { Reply } from './target.ts'

/** A body as a value: JSON, YAML and protobuf are decoded, the events of a watch are a list, anything else is text. */
export function decodeBody({ headers, body }: Reply): unknown {
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
  const type = (headers['content-type'] ?? '').split(';')[0]
  if (plain.length === 0) return ''
  if (isProtobuf(plain)) return decodedProtobuf(plain)
  const text = plain.toString('utf8')
  switch (type) {
    case 'application/json':
      return decodedJson(text)
    case 'application/yaml':
      return { yaml: parseAllDocuments(text).map((document) => document.toJS() as unknown) }
    default:
      // The index of OpenAPI v3 says that it is text.
      return text.startsWith('{') ? decodedJson(text) : text
  }
}

function decodedProtobuf(bytes: Uint8Array): unknown {
  const { apiVersion, kind, raw } = openEnvelope(bytes)
  const schema = modelOf(apiVersion, kind)
  return { protobuf: schema ? withoutZeros(decodeProtobuf(schema, bytes)) : { apiVersion, kind, bytes: raw.length } }
}

function decodedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    const events = text.split('\n').filter((line) => line !== '')
    try {
      return events.map((line) => JSON.parse(line) as unknown)
    } catch {
      return text
    }
  }
}

/** In protobuf an empty field may be sent or not: both mean the same. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value as Record<string, unknown>).map(
    ([field, of]) => [field, withoutZeros(of)] as const,
  )
  return Object.fromEntries(entries.filter(([, of]) => of !== '' && of !== 0))
}
