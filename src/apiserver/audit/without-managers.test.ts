import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutManagers } from './without-managers.ts'

const managed = { name: 'n', managedFields: [{ manager: '}]"', fieldsV1: { 'f:metadata': {} } }], labels: { a: 'b' } }
const plain = { name: 'n', labels: { a: 'b' } }
const cut = (value: object): unknown =>
  JSON.parse(new TextDecoder().decode(withoutManagers(JSON.stringify(value)) as Uint8Array))

test('managed fields are cut out of objects, lists and tables, and of nothing else', () => {
  const tricky = {
    template: { metadata: managed },
    items: [{ metadata: managed }],
    text: '"metadata":{"managedFields":[]}',
  }
  assert.deepEqual(cut({ kind: 'Pod', metadata: managed, spec: tricky }), {
    kind: 'Pod',
    metadata: plain,
    spec: tricky,
  })
  assert.deepEqual(cut({ kind: 'PodList', metadata: {}, items: [{ metadata: managed }, {}, { metadata: plain }] }), {
    kind: 'PodList',
    metadata: {},
    items: [{ metadata: plain }, {}, { metadata: plain }],
  })
  assert.deepEqual(cut({ kind: 'Table', rows: [{ cells: ['[{'], object: { metadata: managed } }, { cells: [] }] }), {
    kind: 'Table',
    rows: [{ cells: ['[{'], object: { metadata: plain } }, { cells: [] }],
  })
  assert.deepEqual(cut({ kind: 'Status', status: 'Failure' }), { kind: 'Status', status: 'Failure' })
})
