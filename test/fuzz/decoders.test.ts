import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtInResources } from '../../src/api/index.ts'
import { DecodeError } from '../../src/apimachinery/codec/errors.ts'
import { decodeAny, decodeJson } from '../../src/apimachinery/codec/json/decode.ts'
import { encodeJson, encodeStored, stringifyJson } from '../../src/apimachinery/codec/json/encode.ts'
import { decodeProtobuf, encodeProtobuf } from '../../src/apimachinery/codec/protobuf/envelope.ts'
import { decodeYaml, encodeYaml } from '../../src/apimachinery/codec/yaml/yaml.ts'
import { apiVersionOf } from '../../src/apimachinery/meta.ts'
import type { ResourceDefinition } from '../../src/apimachinery/resource.ts'
import type { StructSchema } from '../../src/apimachinery/schema.ts'
import { mutated, noise } from './bytes.ts'
import { Chance } from './chance.ts'
import { fuzz, seeds } from './runs.ts'
import { anyJson, FULL, NASTY, VALID, valueOf } from './values.ts'

type Decode = (schema: StructSchema, bytes: Uint8Array) => Record<string, unknown>
const FORMATS: Readonly<
  Record<string, { decode: Decode; encode: (kind: ResourceDefinition, object: object) => Uint8Array }>
> = {
  json: {
    decode: (schema, bytes) => decodeJson(schema, bytes, 'Warn').object,
    encode: (_, object) => bytesOf(stringifyJson(object)),
  },
  yaml: {
    decode: (schema, bytes) => decodeYaml(schema, bytes, 'Strict').object,
    encode: (_, object) => bytesOf(encodeYaml(object)),
  },
  protobuf: {
    decode: decodeProtobuf,
    encode: (definition, object) =>
      encodeProtobuf(definition.schema, { kind: definition.kind, apiVersion: apiVersionOf(definition) }, object),
  },
}
const encoder = new TextEncoder()
const bytesOf = (text: string): Uint8Array => encoder.encode(text)

for (const [name, { decode, encode }] of Object.entries(FORMATS)) {
  test(`${name}: whatever is sent is decoded or refused, and what was decoded can be kept`, async () => {
    await fuzz(500, seeds, (seed) => {
      const chance = new Chance(seed)
      const definition = chance.pick(builtInResources)
      const bytes = sent(definition, chance, encode)
      let object: Record<string, unknown>
      try {
        object = decode(definition.schema, bytes)
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error instanceof Error ? error.stack : error))
        return
      }
      checkKept(definition, object)
    })
  })
}

/** Valid encodings with damage, values of the wrong types, or noise. */
function sent(
  definition: ResourceDefinition,
  chance: Chance,
  encode: (kind: ResourceDefinition, object: object) => Uint8Array,
): Uint8Array {
  switch (chance.below(10)) {
    case 0:
      return noise(chance, 300)
    case 1:
      return bytesOf(stringifyJson(anyJson(chance, 4)))
    default: {
      const made = valueOf(definition.schema, chance, chance.is(0.5) ? VALID : { ...NASTY, wrong: 0 }) as object
      const bytes = encode(definition, { kind: definition.kind, apiVersion: apiVersionOf(definition), ...made })
      return chance.is(0.8) ? mutated(bytes, chance) : bytes
    }
  }
}

/** The kept form is JSON that decodes to itself, and to the same over protobuf. */
function checkKept(definition: ResourceDefinition, object: Record<string, unknown>): void {
  const { schema } = definition
  const text = encodeJson(schema, object)
  const again = decodeJson(schema, bytesOf(text), 'Strict')
  same(encodeJson(schema, again.object), text, 'decoded again')
  assert.ok(encodeStored(schema, { kind: 'a', apiVersion: 'b', ...object }).length > 0)
  const typeMeta = { kind: '', apiVersion: '' }
  encodeProtobuf(schema, typeMeta, object)
}

test('what is valid is the same in JSON, YAML and protobuf', async () => {
  await fuzz(200, seeds, (seed) => {
    const chance = new Chance(seed)
    const definition = chance.pick(builtInResources)
    const { schema } = definition
    const made = valueOf(schema, chance, FULL) as object
    const { object } = decodeJson(schema, bytesOf(stringifyJson(made)), 'Strict')
    const text = encodeJson(schema, object)
    const { kind = '', apiVersion = '' } = object as { kind?: string; apiVersion?: string }
    const overProtobuf = decodeProtobuf(schema, encodeProtobuf(schema, { kind, apiVersion }, object))
    same(encodeJson(schema, overProtobuf), text, 'over protobuf')
    const overYaml = decodeYaml(schema, bytesOf(encodeYaml(parsed(text) as object)), 'Strict').object
    // The way from YAML sorts the keys of what has no schema.
    assert.deepEqual(parsed(encodeJson(schema, overYaml)), parsed(text), 'over YAML')
  })
})

const parsed = (text: string): unknown => decodeAny(bytesOf(text), 'Ignore').value

/** Compares texts; tells where they part. */
function same(actual: string, expected: string, what: string): void {
  if (actual === expected) return
  let at = 0
  while (actual[at] === expected[at]) at++
  const around = (text: string): string => text.slice(Math.max(0, at - 80), at + 80)
  assert.equal(around(actual), around(expected), `${what}, at ${at}`)
}
