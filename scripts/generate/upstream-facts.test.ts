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
