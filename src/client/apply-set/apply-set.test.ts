import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inOrder } from './apply.ts'
import { describe, identityOf, leftOver } from './inventory.ts'
import { parseManifests } from './parse.ts'

const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`

test('a manifest may hold several documents, lists and nothing', () => {
  const list = 'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: c}}\n'
  const names = parseManifests(`${map('a')}---\n---\n${map('b')}---\n${list}`).map((o) => o.metadata.name)
  assert.deepEqual(names, ['a', 'b', 'c'])
})

test('what is no object is refused with its place', () => {
  const cases: [string, RegExp][] = [
    ['- a', /document 1 is not an object/],
    [`${map('a')}---\nkind: Pod\n`, /document 2 has no apiVersion/],
    ['apiVersion: v1\nkind: Pod\n', /document 1 \(Pod\) has no metadata.name/],
    ['a: [', /flow/i],
  ]
  for (const [text, message] of cases) assert.throws(() => parseManifests(text), message)
})

test('namespaces and definitions are applied before what needs them', () => {
  const kinds = ['Deployment', 'CustomResourceDefinition', 'ConfigMap', 'Namespace']
  const objects = kinds.map((kind) => ({ apiVersion: 'v1', kind, metadata: { name: 'x' } }))
  assert.deepEqual(
    inOrder(objects).map((o) => o.kind),
    ['Namespace', 'CustomResourceDefinition', 'Deployment', 'ConfigMap'],
  )
})

test('an object is the same in another version of its group, and is left over when nobody asks for it', () => {
  const object = (apiVersion: string, name: string) => ({
    apiVersion,
    kind: 'Job',
    namespace: 'default',
    name,
    uid: name,
  })
  const before = [object('batch/v1beta1', 'a'), object('batch/v1', 'b')]
  assert.deepEqual(leftOver(before, [object('batch/v1', 'a')]), [before[1]])
  assert.notEqual(identityOf(object('batch/v1', 'a')), identityOf(object('apps/v1', 'a')))
})

test('a namespaced object without a namespace goes to default', () => {
  const [manifest] = parseManifests(map('a'))
  assert.ok(manifest)
  assert.equal(describe(manifest, true).namespace, 'default')
  assert.equal(describe(manifest, false).namespace, undefined)
})
