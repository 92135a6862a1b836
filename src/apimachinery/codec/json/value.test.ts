import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { builtInResources } from '../../../api/index.ts'
import { CelMap, encodedObject, equal, jsonValue, rawOf } from '../../cel/index.ts'
import type { Schema } from '../../schema.ts'
import { encodeJson } from './encode.ts'
import { encodedValue } from './value.ts'

/** Values of a schema, with empty, absent, null and unknown ones among them. */
function anyOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (depth === 0) return fc.constantFrom(undefined, null)
  switch (schema.kind) {
    case 'struct': {
      const fields = [...schema.fields.values()].map(
        (field) => [field.name, fc.option(anyOf(field.schema, depth - 1), { nil: undefined, freq: 2 })] as const,
      )
      return fc.record({ ...Object.fromEntries(fields), unknown: fc.constantFrom(undefined, 'x') })
    }
    case 'map':
      return fc.dictionary(fc.constantFrom('b', 'a', '__proto__', 'ä'), anyOf(schema.values, depth - 1), { maxKeys: 3 })
    case 'list':
      return fc.array(anyOf(schema.items, depth - 1), { maxLength: 2 })
    case 'boolean':
      return fc.boolean()
    case 'int32':
    case 'int64':
      return fc.integer({ min: -2, max: 2 })
    default:
      return fc.oneof(fc.constantFrom('', 'x', '"\n'), fc.integer({ min: 0, max: 1 }), fc.jsonValue({ maxDepth: 1 }))
  }
}

for (const kind of ['Pod', 'Deployment', 'CustomResourceDefinition', 'Service', 'ClusterRole']) {
  test(`the value of an object is what its JSON says: ${kind}`, () => {
    const definition = builtInResources.find((one) => one.kind === kind)
    assert.ok(definition)
    const { schema } = definition
    fc.assert(
      fc.property(anyOf(schema, 5), (object) => {
        const parsed: unknown = JSON.parse(encodeJson(schema, object as object))
        assert.deepEqual(encodedValue(schema, object as object), parsed)
        const again = JSON.stringify(encodedValue(schema, object as object))
        assert.equal(again, JSON.stringify(parsed), 'in the same order')
        // Seen by expressions, part by part and as a whole.
        const view = encodedObject(schema, object as object)
        assert.ok(view instanceof CelMap)
        for (const name of [...schema.fields.keys(), 'unknown']) {
          const wanted = (parsed as Record<string, unknown>)[name]
          const found = view.find(name)
          assert.deepEqual(found === undefined ? undefined : rawOf(found), wanted, name)
          assert.equal(found !== undefined, wanted !== undefined, name)
          if (found !== undefined) assert.equal(equal(found, jsonValue(wanted)), true, name)
        }
        assert.equal(equal(view, jsonValue(parsed)), true)
      }),
      { numRuns: 60, seed: 136 },
    )
  })
}

test('integers that JSON has and a double has not stay what they are', () => {
  const schema: Schema & { kind: 'struct' } = {
    kind: 'struct',
    name: 'x',
    fields: new Map(),
    preserveUnknown: true,
  }
  assert.deepEqual(encodedValue(schema, { n: 2n ** 60n }), { n: 2n ** 60n })
})
