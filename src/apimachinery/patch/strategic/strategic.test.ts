import assert from 'node:assert/strict'
import test from 'node:test'
import { schemaFor } from '../../../api/schema-for.ts'
import { copyJson } from '../../../lib/json-value.ts'
import { StatusError } from '../../status.ts'
import { applyStrategicPatch } from './merge.ts'

type JsonObject = Record<string, unknown>

const pod = schemaFor('io.k8s.api.core.v1.Pod')
const deployment = schemaFor('io.k8s.api.apps.v1.Deployment')

const containers = (...items: (string | JsonObject)[]): JsonObject => ({
  spec: { containers: items.map((item) => (typeof item === 'string' ? { name: item } : item)) },
})
const finalizers = (...items: string[]): JsonObject => ({ metadata: { finalizers: items } })

test('a table of upstream’s rules', () => {
  const cases: [string, JsonObject, JsonObject, JsonObject][] = [
    [
      'sets and deletes',
      { metadata: { labels: { a: '1', b: '2' } } },
      { metadata: { labels: { a: null, c: '3' } } },
      { metadata: { labels: { b: '2', c: '3' } } },
    ],
    [
      'a null for nothing is dropped',
      { metadata: {} },
      { metadata: { labels: { a: null } } },
      { metadata: { labels: {} } },
    ],
    [
      '$patch: replace on a map',
      { metadata: { labels: { a: '1' } } },
      { metadata: { labels: { $patch: 'replace', b: '2' } } },
      { metadata: { labels: { b: '2' } } },
    ],
    [
      '$patch: delete on a map',
      { metadata: { labels: { a: '1' } } },
      { metadata: { labels: { $patch: 'delete' } } },
      { metadata: { labels: {} } },
    ],
    [
      'lists of objects merge by key, the patch first',
      containers({ name: 'a', image: 'x' }, 'b'),
      containers('c', { name: 'a', tty: true }),
      containers('c', { name: 'a', image: 'x', tty: true }, 'b'),
    ],
    ['$patch: delete in a list', containers('a', 'b'), containers({ $patch: 'delete', name: 'a' }), containers('b')],
    [
      '$patch: replace in a list',
      containers('a', 'b'),
      containers({ name: 'c' }, { $patch: 'replace' }),
      containers('c'),
    ],
    ['lists of primitives merge to a set', finalizers('a', 'b'), finalizers('c', 'a'), finalizers('c', 'a', 'b')],
    [
      'lists that are not merged are replaced',
      { spec: { tolerations: [{ key: 'a' }] } },
      { spec: { tolerations: [{ key: 'b' }] } },
      { spec: { tolerations: [{ key: 'b' }] } },
    ],
    [
      '$deleteFromPrimitiveList',
      finalizers('a', 'b', 'c'),
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['b', 'x'] } },
      finalizers('a', 'c'),
    ],
    [
      '$setElementOrder of primitives',
      finalizers('a', 'b', 'c'),
      { metadata: { '$setElementOrder/finalizers': ['c', 'a'] } },
      finalizers('b', 'c', 'a'),
    ],
    [
      '$setElementOrder keeps what only the server has near its place',
      containers('a', 'side', 'b'),
      {
        spec: {
          '$setElementOrder/containers': [{ name: 'b' }, { name: 'n' }, { name: 'a' }],
          containers: [{ name: 'n' }],
        },
      },
      containers('side', 'b', 'n', 'a'),
    ],
    [
      'a deleted and a new item, with an order',
      containers('side', 'old'),
      {
        spec: {
          '$setElementOrder/containers': [{ name: 'new' }],
          containers: [{ name: 'new' }, { $patch: 'delete', name: 'old' }],
        },
      },
      containers('side', 'new'),
    ],
    [
      '$retainKeys',
      { spec: { volumes: [{ name: 'v', emptyDir: {} }] } },
      { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/' } }] } },
      { spec: { volumes: [{ name: 'v', hostPath: { path: '/' } }] } },
    ],
    [
      'what only the patch has loses its directives',
      {},
      containers('a', { $patch: 'delete', name: 'b' }),
      containers('a'),
    ],
    [
      'nested lists',
      containers({ name: 'a', env: [{ name: 'X', value: '1' }] }),
      containers({ name: 'a', env: [{ name: 'Y', value: '2' }] }),
      containers({
        name: 'a',
        env: [
          { name: 'Y', value: '2' },
          { name: 'X', value: '1' },
        ],
      }),
    ],
  ]
  for (const [name, live, patch, want] of cases)
    assert.deepEqual(applyStrategicPatch(pod, copyJson(live), copyJson(patch)), want, name)
})

test('$retainKeys with a strategy: a Deployment goes to Recreate', () => {
  const live = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }
  const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }
  assert.deepEqual(applyStrategicPatch(deployment, live, patch), { spec: { strategy: { type: 'Recreate' } } })
})

test('what does not fit is refused', () => {
  const cases: [JsonObject, number, RegExp][] = [
    [containers({ image: 'x' }), 500, /does not contain declared merge key: name/],
    [containers({ name: 'a', $patch: 'merge' }), 500, /merging lists cannot yet be specified/],
    [containers({ name: 'a', $patch: 'x' }), 500, /unknown patch type: x in map: map\[\$patch:x name:a\]/],
    [{ metadata: { $patch: 'x' } }, 500, /unknown patch type/],
    [{ spec: { containers: ['a'] } }, 500, /list element types are not identical/],
    [{ spec: { containers: [[]] } }, 422, /rejected our request/],
    [{ metadata: { $retainKeys: ['name'], labels: {} } }, 400, /invalid patch format of retainKeys/],
    [{ metadata: { '$setElementOrder/finalizers': 'x' } }, 500, /expected a \[\]interface \{\}, but received a string/],
    [{ metadata: { $setElementOrder: [] } }, 400, /invalid patch format of setElementOrder list/],
    [{ metadata: { $deleteFromPrimitiveList: [] } }, 400, /invalid patch format of primitive list/],
    [
      { spec: { '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'c' }] } },
      500,
      /The order in patch list/,
    ],
  ]
  for (const [patch, code, message] of cases)
    assert.throws(
      () => applyStrategicPatch(pod, { ...containers('a'), metadata: {} }, patch),
      (error: unknown) => error instanceof StatusError && error.code === code && message.test(error.message),
      JSON.stringify(patch),
    )
})

test('a key such as __proto__ pollutes nothing', () => {
  const patch = JSON.parse('{"metadata":{"labels":{"__proto__":{"x":1},"constructor":"c"}}}') as JsonObject
  const { metadata } = applyStrategicPatch(pod, { metadata: { labels: {} } }, patch) as { metadata: { labels: object } }
  assert.equal(Object.getPrototypeOf(metadata.labels), Object.prototype)
  assert.deepEqual(Object.keys(metadata.labels), ['__proto__', 'constructor'])
})
