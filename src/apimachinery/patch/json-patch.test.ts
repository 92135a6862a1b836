import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { copyJson } from '../../lib/json-value.ts'
import { PatchError } from './errors.ts'
import { applyJsonPatch } from './json-patch.ts'
import type { JsonPatchOperation } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'

test('RFC 6902, appendix A', () => {
  const cases: [object, JsonPatchOperation[], object][] = [
    [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    [{ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc'] }], { foo: ['bar', ['abc']] }],
    [{ baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [{ foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
    [{ baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [
      { foo: { bar: 'baz' }, qux: {} },
      [{ op: 'move', from: '/foo/bar', path: '/qux/thud' }],
      { foo: {}, qux: { thud: 'baz' } },
    ],
    [
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      { a: { b: [1] } },
      [
        { op: 'copy', from: '/a', path: '/c' },
        { op: 'add', path: '/c/b/-', value: 2 },
      ],
      { a: { b: [1] }, c: { b: [1, 2] } },
    ],
    [{ '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    [
      { foo: null },
      [
        { op: 'test', path: '/foo', value: null },
        { op: 'test', path: '/bar', value: null },
      ],
      { foo: null },
    ],
  ]
  for (const [document, operations, want] of cases)
    assert.deepEqual(applyJsonPatch(copyJson(document) as Record<string, unknown>, operations), want)
})

test('messages of operations that do not apply', () => {
  const cases: [JsonPatchOperation, string][] = [
    [
      { op: 'add', path: '/a/b/c', value: 1 },
      'add operation does not apply: doc is missing path: "/a/b/c": missing value',
    ],
    [
      { op: 'remove', path: '/x' },
      "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value",
    ],
    [
      { op: 'replace', path: '/list/9', value: 1 },
      'replace operation does not apply: doc is missing key: /list/9: missing value',
    ],
    [
      { op: 'add', path: '/list/x', value: 1 },
      "error in add for path: '/list/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax",
    ],
    [
      { op: 'add', path: '/list/9', value: 1 },
      "error in add for path: '/list/9': Unable to access invalid index: 9: invalid index referenced",
    ],
    [{ op: 'test', path: '/list/0', value: 'b' }, 'testing value /list/0 failed: test failed'],
    [{ op: 'move', path: '/y' }, 'move operation failed to decode from: operation, missing from field: missing value'],
    [{ op: 'frobnicate', path: '/y' }, 'Unexpected kind: frobnicate'],
    [{ path: '/y' }, 'Unexpected kind: unknown'],
  ]
  for (const [operation, detail] of cases)
    assert.throws(
      () => applyJsonPatch({ list: ['a'] }, [operation]),
      (error: unknown) => {
        assert.ok(error instanceof PatchError)
        assert.equal(error.detail, detail)
        return error.code === 422
      },
    )
})

test('copies are bounded', () => {
  const bomb = Array.from({ length: 40 }, (_, i): JsonPatchOperation => ({
    op: 'copy',
    from: '/list',
    path: `/list/${i}`,
  }))
  assert.throws(
    () => applyJsonPatch({ list: ['x'.repeat(1000)] }, bomb),
    (error: unknown) => error instanceof PatchError && /accumulated size increase of copy/.test(error.detail),
  )
})

test('nesting is bounded', () => {
  const doubling = Array.from({ length: 16 }, (_, i): JsonPatchOperation => ({
    op: 'copy',
    from: '/a',
    path: `/a${'/x'.repeat(2 ** i)}`,
  }))
  assert.throws(
    () => applyJsonPatch({ a: {} }, doubling),
    (error: unknown) => error instanceof PatchError && error.detail === 'exceeded max depth',
  )
})

test('__proto__ is a key', () => {
  const patched = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: 1 } }])
  assert.equal(Object.getPrototypeOf(patched), Object.prototype)
  assert.ok(Object.hasOwn(patched, '__proto__'))
  assert.throws(() => applyJsonPatch({}, [{ op: 'add', path: '/constructor/prototype/x', value: 1 }]))
  const merged = applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":1}}') as Record<string, unknown>)
  assert.equal((merged as { polluted?: number }).polluted, undefined)
})

test('merge patch: RFC 7386, appendix A', () => {
  const cases: [object, object, object][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [document, patch, want] of cases)
    assert.deepEqual(applyMergePatch(document as Record<string, unknown>, patch as Record<string, unknown>), want)
})

const json = fc.jsonValue({ maxDepth: 3 })
const object = fc.dictionary(fc.string({ maxLength: 3 }), json, { noNullPrototype: true })

test('property: an added member is there, and removing it restores the document', () => {
  fc.assert(
    fc.property(object, fc.string(), json, (document, key, value) => {
      fc.pre(!Object.hasOwn(document, key))
      const path = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      const added = applyJsonPatch(copyJson(document), [
        { op: 'add', path, value },
        { op: 'test', path, value },
      ])
      assert.deepEqual(applyJsonPatch(added, [{ op: 'remove', path }]), document)
    }),
  )
})

const scalar = fc.oneof(fc.string(), fc.integer(), fc.constant(null))
const tree = fc.dictionary(
  fc.string({ maxLength: 2 }),
  fc.oneof(
    scalar,
    fc.array(fc.integer()),
    fc.dictionary(fc.string({ maxLength: 2 }), scalar, { noNullPrototype: true }),
  ),
  { noNullPrototype: true },
)

test('property: merging the same patch twice changes nothing more', () => {
  fc.assert(
    fc.property(tree, tree, (document, patch) => {
      const once = applyMergePatch(copyJson(document), copyJson(patch))
      assert.deepEqual(applyMergePatch(copyJson(once), copyJson(patch)), once)
    }),
  )
})
