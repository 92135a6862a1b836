/**
 * Holds the generated facts against upstream's own: its generated.proto files, and its serialised test objects. Needs the Go
 * packages that the generator reads (SKIFF_UPSTREAM), and skips without them.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FieldSchema, Schema, StructSchema } from '../../src/apimachinery/schema.ts'
import { groupVersions, kinds } from '../../src/api/generated/kinds.ts'
import { builtInSchemas, schemaFor } from '../../src/api/schema-for.ts'
import { PACKAGES } from './groups.ts'
import { parseProto, type ProtoField } from './proto.ts'

const roots = (process.env.SKIFF_UPSTREAM ?? '').split(':').filter((root) => root !== '')
const skip = roots.length === 0 && 'SKIFF_UPSTREAM names no Go packages'

/** Messages that the schema has as scalars or wrapped lists. */
const WITH_AN_ENCODING_OF_THEIR_OWN = new Set(
  'Duration MicroTime Time FieldsV1 Verbs ExtraValue JSON JSONSchemaPropsOrArray JSONSchemaPropsOrBool JSONSchemaPropsOrStringArray'.split(
    ' ',
  ),
)

test('protobuf numbers and types are those of generated.proto', { skip }, () => {
  let compared = 0
  for (const { path } of PACKAGES) {
    const file = find(`${path}/generated.proto`)
    if (!file) continue
    const model = modelOf(path)
    for (const [message, fields] of parseProto(readFileSync(file, 'utf8'))) {
      const schema = builtInSchemas.find(`${model}.${message}`)
      if (!schema) {
        assert.ok(WITH_AN_ENCODING_OF_THEIR_OWN.has(message), `${path}.${message} has no schema`)
        continue
      }
      assert.deepEqual(protoOf(schema), fields.map(normal).sort(byNumber), `${model}.${message}`)
      compared += fields.length
    }
  }
  assert.ok(compared > 3000, `${compared} fields compared`)
})

test('every field of upstream’s serialised objects is known', { skip }, () => {
  const dir = find('k8s.io/api/testdata/HEAD')
  assert.ok(dir)
  let objects = 0
  for (const name of readdirSync(dir).filter((file) => file.endsWith('.json'))) {
    const object = JSON.parse(readFileSync(join(dir, name), 'utf8')) as { apiVersion?: string; kind?: string }
    const schema = schemaOf(object)
    if (!schema) continue
    checkKnown(object, schema, name)
    objects++
  }
  assert.ok(objects >= 130, `${objects} objects compared`)
})

test('upstream’s protobuf holds the fields that its JSON has, under the numbers of the schema', { skip }, () => {
  const dir = find('k8s.io/api/testdata/HEAD')
  assert.ok(dir)
  let objects = 0
  for (const name of readdirSync(dir).filter((file) => file.endsWith('.json'))) {
    const object = JSON.parse(readFileSync(join(dir, name), 'utf8')) as { apiVersion?: string; kind?: string }
    const schema = schemaOf(object)
    const file = join(dir, name.replace(/json$/, 'pb'))
    if (!schema || !existsSync(file)) continue
    const { apiVersion: _apiVersion, kind: _kind, ...rest } = object
    assert.deepEqual(pathsOfProto(rawOf(readFileSync(file)), schema), pathsOfJson(rest, schema), name)
    objects++
  }
  assert.ok(objects >= 130, `${objects} objects compared`)
})

function find(path: string): string | undefined {
  return roots.map((root) => join(root, path)).find((candidate) => existsSync(candidate))
}

function modelOf(path: string): string {
  const entry = PACKAGES.find((p) => p.path === path)
  const facts = groupVersions.find((gv) => gv.folder === entry?.folder && gv.version === entry?.version)
  return facts?.model ?? 'io.k8s.apimachinery.pkg.apis.meta.v1'
}

function schemaOf({ apiVersion = '', kind }: { apiVersion?: string; kind?: string }): StructSchema | undefined {
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  const facts = kinds.find((k) => k.group === group && k.version === version && k.kind === kind)
  return facts && schemaFor(facts.schema)
}

/** The message that a struct is in protobuf: fields of inlined structs stand behind their own message. */
function protoOf(schema: StructSchema): ProtoField[] {
  const fields = new Map<number, ProtoField>()
  for (const field of schema.fields.values()) {
    if (field.number === undefined) continue
    const [outer = field.number] = field.protoPath ?? []
    fields.set(outer, { number: outer, type: field.protoPath ? 'message' : typeText(field) })
  }
  return [...fields.values()].sort(byNumber)
}

function typeText(field: FieldSchema): string {
  return protoType(field.schema)
}

function protoType(schema: Schema): string {
  switch (schema.kind) {
    case 'list':
      return schema.wrapped ? 'message' : `[]${protoType(schema.items)}`
    case 'map':
      return `{}${protoType(schema.values)}`
    case 'string':
    case 'int32':
    case 'int64':
    case 'double':
    case 'bytes':
      return schema.kind
    case 'boolean':
      return 'bool'
    default:
      return 'message'
  }
}

const PROTO_SCALARS = new Set(['string', 'int32', 'int64', 'double', 'bytes', 'bool'])

function normal({ number, type }: ProtoField): ProtoField {
  const [, prefix = '', name = ''] = /^((?:\[\]|\{\})?)(.*)$/.exec(type) ?? []
  return { number, type: prefix + (PROTO_SCALARS.has(name) ? name : 'message') }
}

function byNumber(a: ProtoField, b: ProtoField): number {
  return a.number - b.number
}

function checkKnown(value: unknown, schema: Schema, at: string): void {
  if (value === null) return
  if (schema.kind === 'list') {
    assert.ok(Array.isArray(value), at)
    for (const item of value) checkKnown(item, schema.items, `${at}[]`)
  } else if (schema.kind === 'map') {
    for (const item of Object.values(value as object)) checkKnown(item, schema.values, `${at}{}`)
  } else if (schema.kind === 'struct') {
    for (const [name, inner] of Object.entries(value as object)) {
      const field = schema.fields.get(name)
      assert.ok(field, `${at}: unknown field ${name}`)
      checkKnown(inner, field.schema, `${at}.${name}`)
    }
  } else checkScalar(value, schema.kind, at)
}

function checkScalar(value: unknown, kind: string, at: string): void {
  const type = typeof value
  if (kind === 'boolean') assert.equal(type, 'boolean', at)
  else if (kind === 'int32' || kind === 'int64' || kind === 'double') assert.equal(type, 'number', at)
  else if (kind === 'rawExtension' || kind === 'fieldsV1') assert.equal(type, 'object', at)
  else if (kind === 'intOrString') assert.ok(type === 'number' || type === 'string', at)
  else if (kind !== 'any') assert.equal(type, 'string', at)
}

/** The object of a serialised runtime.Unknown behind its magic number. */
function rawOf(file: Uint8Array): Uint8Array {
  assert.equal(new TextDecoder().decode(file.subarray(0, 4)), 'k8s\0')
  const [, raw] = wireFields(file.subarray(4)).find(([number]) => number === 2) ?? []
  assert.ok(raw instanceof Uint8Array)
  return raw
}

/** Paths of all struct fields that a message has, sorted. */
function pathsOfProto(message: Uint8Array, schema: StructSchema, at = ''): string[] {
  const paths: string[] = []
  const walk = (bytes: Uint8Array, prefix: readonly number[]): void => {
    for (const [number, value] of wireFields(bytes)) {
      const wire = [...prefix, number]
      const field = [...schema.fields.values()].find((f) => (f.protoPath ?? [f.number]).join() === wire.join())
      if (field) paths.push(`${at}.${field.name}`, ...nestedProto(value, field.schema, `${at}.${field.name}`))
      else if (isInlined(schema, wire)) walk(value as Uint8Array, wire)
      else assert.fail(`${at}: no field has the number ${wire.join()}`)
    }
  }
  walk(message, [])
  return [...new Set(paths)].sort()
}

function isInlined(schema: StructSchema, wire: readonly number[]): boolean {
  return [...schema.fields.values()].some((f) => f.protoPath?.slice(0, wire.length).join() === wire.join())
}

function nestedProto(value: Uint8Array | number, schema: Schema, at: string): string[] {
  if (schema.kind === 'struct') return pathsOfProto(value as Uint8Array, schema, at)
  if (schema.kind === 'list' && !schema.wrapped) return nestedProto(value, schema.items, at)
  if (schema.kind !== 'map') return []
  const entry = wireFields(value as Uint8Array).find(([number]) => number === 2)
  return entry ? nestedProto(entry[1], schema.values, at) : []
}

function pathsOfJson(value: unknown, schema: Schema, at = ''): string[] {
  if (value === null) return []
  const paths: string[] = []
  if (schema.kind === 'list') paths.push(...(value as unknown[]).flatMap((item) => pathsOfJson(item, schema.items, at)))
  if (schema.kind === 'map') {
    paths.push(...Object.values(value as object).flatMap((item) => pathsOfJson(item, schema.values, at)))
  }
  if (schema.kind === 'struct') {
    for (const [name, inner] of Object.entries(value as object)) {
      const field = schema.fields.get(name)
      if (field?.number !== undefined) paths.push(`${at}.${name}`, ...pathsOfJson(inner, field.schema, `${at}.${name}`))
    }
  }
  return [...new Set(paths)].sort()
}

/** The fields of a message by number: bytes of what has a length, 0 for the rest. */
function wireFields(bytes: Uint8Array): [number, Uint8Array | number][] {
  const fields: [number, Uint8Array | number][] = []
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
    const wireType = tag & 7
    const length = wireType === 2 ? varint() : wireType === 1 ? 8 : wireType === 5 ? 4 : undefined
    if (length === undefined) {
      varint()
      fields.push([tag >>> 3, 0])
    } else fields.push([tag >>> 3, bytes.subarray(at, (at += length))])
  }
  return fields
}
