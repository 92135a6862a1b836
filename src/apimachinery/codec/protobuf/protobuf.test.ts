import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { schemaPackages } from '../../../api/generated/schema/index.ts'
import { builtInSchemas, schemaFor } from '../../../api/schema-for.ts'
import type { StructSchema } from '../../schema.ts'
import { DecodeError } from '../errors.ts'
import { decodeJson } from '../json/decode.ts'
import { encodeJson } from '../json/encode.ts'
import { decodeMessage } from './decode.ts'
import { encodeMessage } from './encode.ts'
import { decodeProtobuf, encodeProtobuf, encodeWatchFrame, isProtobuf, openEnvelope } from './envelope.ts'

const pod = schemaFor('io.k8s.api.core.v1.Pod')
const crd = schemaFor('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition')
const base64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

const SMALL_POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', labels: { b: 'c' }, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Gi' } }],
    containers: [
      {
        name: 'c',
        image: 'i',
        livenessProbe: { httpGet: { path: '/', port: 'http' } },
        resources: { limits: { cpu: '100m' } },
      },
    ],
    terminationGracePeriodSeconds: 0,
    activeDeadlineSeconds: -1,
  },
  status: {},
}
/** What upstream's serializer writes of it, zero values and all. */
const FROM_UPSTREAM =
  'azhzAAoJCgJ2MRIDUG9kEsQBCiEKAWESABoAIgAqADIAOABCCAiA8tbKBhAAWgYKAWISAWMSiQEKEAoBdhILEgkKABIFCgMxR2kSTAoBYxIBaSoAQg8KDQoDY3B1EgYKBDEwMG1SIQoVEhMKAS8SCggBEAAaBGh0dHAaACIAEAAYACAAKAAwAGoAcgCAAQCIAQCQAQCiAQAaACAAKP///////////wEyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBABoTCgAaACIAKgAyAEoAWgByAIgBABoAIgA='
/** The same without zero values. */
const COMPACT =
  'azhzAAoJCgJ2MRIDUG9kEmYKFQoBYUIICIDy1soGEABaBgoBYhIBYxJLCg4KAXYSCRIHEgUKAzFHaRIsCgFjEgFpQg8KDQoDY3B1EgYKBDEwMG1SEwoREg8KAS8SCggBEAAaBGh0dHAgACj///////////8BGgAaACIA'

/** Objects as they are printed, so that two ways to leave a zero out are no difference. */
const printed = (schema: StructSchema, object: object): unknown => JSON.parse(encodeJson(schema, object))

test('reads what upstream writes, and writes the same without zeros', () => {
  assert.deepEqual(printed(pod, decodeProtobuf(pod, base64(FROM_UPSTREAM))), printed(pod, SMALL_POD))
  const written = encodeProtobuf(pod, SMALL_POD, SMALL_POD)
  assert.equal(Buffer.from(written).toString('base64'), COMPACT)
  assert.deepEqual(printed(pod, decodeProtobuf(pod, written)), printed(pod, SMALL_POD))
})

test('the envelope says what is in it', () => {
  const { raw, ...rest } = openEnvelope(base64(FROM_UPSTREAM))
  assert.deepEqual(rest, { apiVersion: 'v1', kind: 'Pod', contentEncoding: '', contentType: '' })
  assert.equal((decodeMessage(pod, raw).metadata as { name: string }).name, 'a')
  assert.equal(isProtobuf(new TextEncoder().encode('{}')), false)
  assert.throws(() => openEnvelope(new Uint8Array()), { message: 'empty data', unrecognized: true })
  assert.throws(() => openEnvelope(new TextEncoder().encode('{"kind":"Pod"}')), {
    name: 'DecodeError',
    unrecognized: true,
  })
})

test('a watch frame has its length before it', () => {
  const frame = encodeWatchFrame('ADDED', base64(FROM_UPSTREAM))
  const length = new DataView(frame.buffer).getUint32(0)
  assert.equal(length, frame.length - 4)
  assert.deepEqual([...frame.subarray(4, 11)], [0x0a, 5, ...new TextEncoder().encode('ADDED')])
})

test('schemas of custom resources: recursion, parts that may be schemas, raw JSON', () => {
  const schema = {
    type: 'object',
    default: { a: [1, null] },
    minimum: 0.5,
    additionalProperties: false,
    items: { type: 'string' },
    properties: { a: { additionalProperties: { type: 'integer' }, items: [{ type: 'x' }] } },
    dependencies: { a: ['b'], c: { type: 'string' } },
    enum: ['a', 1],
  }
  const object = {
    spec: { group: 'g', versions: [{ name: 'v1', served: true, storage: false, schema: { openAPIV3Schema: schema } }] },
  }
  assert.deepEqual(printed(crd, decodeMessage(crd, encodeMessage(crd, object))), printed(crd, object))
})

test('numbers: 64 bits, signs, packed lists', () => {
  const object = { metadata: { generation: 9007199254740993n, deletionGracePeriodSeconds: -9223372036854775808n } }
  assert.deepEqual(decodeMessage(pod, encodeMessage(pod, object)).metadata, object.metadata)
  const groups = { spec: { securityContext: { supplementalGroups: [1, 300, -1] } } }
  assert.deepEqual(decodeMessage(pod, encodeMessage(pod, groups)).spec, groups.spec)
  // spec.securityContext.supplementalGroups as one packed field: 14 { 4: 01 ac02 }
  const packed = Uint8Array.of(0x12, 7, 0x72, 5, 0x22, 3, 1, 0xac, 2)
  assert.deepEqual(decodeMessage(pod, packed).spec, { securityContext: { supplementalGroups: [1, 300] } })
})

test('malformed messages are refused, whatever their bytes', () => {
  const cases: [number[], RegExp][] = [
    [[0x0a, 0x7f], /unexpected EOF/],
    [[0x0a], /unexpected EOF/],
    [[0x08, 0x01], /wrong wireType = 0 for field metadata/],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], /integer overflow/],
    [[0x00], /illegal tag 0/],
    [[0xfb, 0x7f], /illegal wireType 3/],
    [[0x12, 0xff, 0xff, 0xff, 0xff, 0x0f], /unexpected EOF/],
  ]
  for (const [bytes, message] of cases)
    assert.throws(() => decodeMessage(pod, Uint8Array.from(bytes)), { name: 'DecodeError', message }, String(bytes))
  assert.throws(
    () =>
      decodeMessage(
        schemaFor('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'),
        deepNot(2000),
      ),
    /exceeded max depth/,
  )
})

const lengthOf = (length: number): number[] =>
  length < 0x80 ? [length] : [(length & 0x7f) | 0x80, ...lengthOf(Math.floor(length / 128))]

/** `{"not":{"not":...}}`: field 28 of a JSON schema. */
function deepNot(depth: number): Uint8Array {
  let bytes: number[] = []
  for (let i = 0; i < depth; i++) bytes = [0xe2, 0x01, ...lengthOf(bytes.length), ...bytes]
  return Uint8Array.from(bytes)
}

test('property: bytes do not crash the decoder', () => {
  const good = base64(FROM_UPSTREAM)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 5 }),
      fc.nat(good.length),
      (edits, length) => {
        const bytes = good.slice()
        for (const [at, value] of edits) bytes[at] = value
        try {
          encodeJson(pod, decodeProtobuf(pod, bytes.subarray(0, length)))
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error))
        }
      },
    ),
    { numRuns: 2000 },
  )
})

const roots = (process.env.SKIFF_UPSTREAM ?? '').split(':').filter((root) => root !== '')
const testdata = roots.map((root) => join(root, 'k8s.io/api/testdata/HEAD')).find((folder) => existsSync(folder))
const skip = testdata === undefined && 'SKIFF_UPSTREAM names no folder that has k8s.io/api/testdata'

test('upstream’s serialised objects: every kind, both ways, byte for byte', { skip }, () => {
  const folder = testdata ?? ''
  let seen = 0
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.pb'))) {
    const { schema, apiVersion, kind } = describe(file)
    if (!schema) continue
    seen++
    const message = new Uint8Array(readFileSync(join(folder, file)))
    const json = new Uint8Array(readFileSync(join(folder, file.replace(/pb$/, 'json'))))
    const { object } = decodeJson(schema, json, 'Strict')
    assert.equal(encodeJson(schema, decodeProtobuf(schema, message)), encodeJson(schema, object), file)
    assert.deepEqual(encodeProtobuf(schema, { apiVersion, kind }, object), message, file)
  }
  assert.ok(seen > 100, `only ${seen} kinds were there`)
})

/** `apps.v1.Deployment.pb`, `storage.k8s.io.v1.CSINode.pb`. */
function describe(file: string): { schema: StructSchema | undefined; apiVersion: string; kind: string } {
  const parts = file.split('.')
  const [kind = '', version = ''] = [parts.at(-2), parts.at(-3)]
  const group = parts.slice(0, -3).join('.')
  const key = `${group.split('.')[0]}/${version}`
  const model = schemaPackages.find((pkg) => pkg.key === key)?.model ?? ''
  return {
    schema: builtInSchemas.find(`${model}.${kind}`),
    apiVersion: group === 'core' ? version : `${group}/${version}`,
    kind,
  }
}
