import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtInResources } from '../../index.ts'
import { OpenApiDocuments } from '../documents.ts'
import type { Json } from '../model.ts'
import { encodeDocumentV2 } from './encode.ts'

/** Fields of a protobuf message by number, undecoded. */
function fieldsOf(bytes: Uint8Array): Map<number, (Uint8Array | number)[]> {
  const fields = new Map<number, (Uint8Array | number)[]>()
  let at = 0
  const varint = (): number => {
    for (let value = 0, scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const length = (tag & 7) === 2 ? varint() : (tag & 7) === 1 ? 8 : undefined
    const value = length === undefined ? varint() : bytes.subarray(at, (at += length))
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value])
  }
  return fields
}

function all(message: Uint8Array | number | undefined, ...path: number[]): (Uint8Array | number)[] {
  let found = [message ?? 0]
  for (const number of path) found = found.flatMap((m) => fieldsOf(m as Uint8Array).get(number) ?? [])
  return found
}

const text = (bytes: Uint8Array | number | undefined): string => new TextDecoder().decode(bytes as Uint8Array)

/** The value of the named entry of a message of names and values. */
function named(entries: (Uint8Array | number)[], name: string): Uint8Array {
  const entry = entries.find((e) => text(all(e, 1)[0]) === name)
  return all(entry, 2)[0] as Uint8Array
}

const builtIn = builtInResources.map((definition) => ({ definition }))
const documents = new OpenApiDocuments({ builtIn, version: 'v1.36.0' })
const document = documents.v2Protobuf()
const json = JSON.parse(documents.v2Json()) as { definitions: Json; paths: Json }

test('the document with all its definitions and paths', () => {
  assert.equal(text(all(document, 1)[0]), '2.0')
  assert.equal(all(document, 9, 1).length, Object.keys(json.definitions).length)
  assert.equal(all(document, 8, 2).length, Object.keys(json.paths).length)
})

test('a property with its type, items and extensions', () => {
  const podSpec = named(all(document, 9, 1), 'io.k8s.api.core.v1.PodSpec')
  const containers = named(all(podSpec, 25, 1), 'containers')
  assert.equal(text(all(containers, 22, 1)[0]), 'array')
  assert.equal(text(all(containers, 23, 1, 1)[0]), '#/definitions/io.k8s.api.core.v1.Container')
  const mergeKey = named(all(containers, 31), 'x-kubernetes-patch-merge-key')
  assert.equal(text(all(mergeKey, 2)[0]), '"name"\n')
})

test('the parameters of a patch', () => {
  const item = named(all(document, 8, 2), '/api/v1/namespaces/{namespace}/pods/{name}')
  const parameters = all(item, 8, 8)
  const query = parameters.flatMap((p) => all(p, 1, 2, 3, 4)).map(text)
  assert.deepEqual(query, ['dryRun', 'fieldValidation'])
  assert.equal(
    parameters
      .flatMap((p) => all(p, 1, 1, 2))
      .map(text)
      .join(),
    'body',
  )
  assert.equal(parameters.flatMap((p) => all(p, 2, 1)).length, 2, 'references to shared ones')
})

test('numbers, booleans and enums of a custom resource', () => {
  const schema = {
    type: 'string',
    minLength: 300,
    maximum: 1.5,
    exclusiveMaximum: true,
    enum: ['a', 1],
    maxItems: 2 ** 40,
  }
  const bytes = encodeDocumentV2({ definitions: { A: schema } })
  const found = named(all(bytes, 9, 1), 'A')
  assert.deepEqual(all(found, 12), [300])
  assert.deepEqual(all(found, 14), [2 ** 40])
  assert.deepEqual(all(found, 8), [1])
  const maximum = all(found, 7)[0] as Uint8Array
  assert.equal(new DataView(maximum.buffer, maximum.byteOffset).getFloat64(0, true), 1.5)
  assert.deepEqual(all(found, 20, 2).map(text), ['"a"\n', '1\n'])
})

test('a key that gnostic has no place for is an error', () => {
  assert.throws(() => encodeDocumentV2({ nonsense: 1 }), /no place for nonsense/)
})
