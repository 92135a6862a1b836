import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutManagers } from './cut-managers.ts'

const PREFIX = '{"kind":"K","apiVersion":"v1","metadata":{'
const tricky = [{ manager: 'a]},{"', fieldsV1: { 'f:x': { 'k:{"n":"]\\\\"}': {} } } }]
const cut = (json: string): string =>
  new TextDecoder().decode(cutManagers(new TextEncoder().encode(json), PREFIX.length))
const stored = (metadata: object, rest: object = {}): string =>
  JSON.stringify({ kind: 'K', apiVersion: 'v1', metadata, ...rest })

const CASES: readonly { readonly name: string; readonly metadata: object; readonly rest?: object }[] = [
  { name: 'last', metadata: { name: 'a', managedFields: tricky } },
  { name: 'first', metadata: { managedFields: tricky, name: 'a' } },
  { name: 'alone', metadata: { managedFields: tricky } },
  { name: 'between', metadata: { name: 'a', generation: 3, managedFields: [], uid: 'u' } },
  { name: 'absent', metadata: { name: 'a', generation: 3 } },
  {
    name: 'named elsewhere',
    metadata: { name: 'a', labels: { managedFields: 'b' }, annotations: { x: '"managedFields":[]' }, deleted: null },
    rest: { spec: { template: { metadata: { managedFields: tricky } } } },
  },
]

for (const { name, metadata, rest } of CASES) {
  test(`managers are cut out: ${name}`, () => {
    const { managedFields: _managers, ...others } = metadata as Record<string, unknown>
    assert.equal(cut(stored(metadata, rest)), stored(others, rest))
  })
}
