import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVERYTHING } from '../registry/selection.ts'
import { TestServer } from '../test-server.ts'

test('a watcher that throws ends alone', async () => {
  const server = new TestServer()
  const { registry, resources } = server.server
  const configMaps = resources.find('', 'v1', 'configmaps')
  assert.ok(configMaps)
  const hub = registry.hubs.of(configMaps)
  const told: string[] = []
  const errors: string[] = []
  const after = registry.store.revision
  const bad = { onChange: () => assert.fail('a bug'), onError: (error: Error) => void errors.push(error.message) }
  hub.subscribe(after, EVERYTHING, bad)
  hub.subscribe(after, EVERYTHING, {
    onChange: (change) => void told.push(`${change.type} ${change.key}`),
    onError: (error) => assert.fail(error),
  })
  const path = '/api/v1/namespaces/default/configmaps'
  await server.create(path, { metadata: { name: 'a' } })
  await server.expect(200, 'DELETE', `${path}/a`)
  await server.eventually(() => Promise.resolve(told.length === 2))
  assert.deepEqual(errors, ['a bug'])
})

test('of all but the newest changes, only what is stored is kept', async (t) => {
  const server = new TestServer()
  const { registry, resources } = server.server
  const configMaps = resources.find('', 'v1', 'configmaps')
  assert.ok(configMaps)
  const hub = registry.hubs.of(configMaps)
  const after = registry.store.revision
  const decodes = t.mock.method(configMaps.codec, 'decode')
  const watching = (told: (string | undefined)[]): void => {
    hub.subscribe(after, EVERYTHING, {
      onChange: (change) => void told.push(change.current()?.metadata.resourceVersion),
      onError: (error) => assert.fail(error),
    })
  }
  const first: (string | undefined)[] = []
  const late: (string | undefined)[] = []
  watching(first)
  for (let i = 0; i < 100; i++) {
    const value = configMaps.codec.encode({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: `m-${i}` } })
    await registry.store.write({ key: `/registry/configmaps/default/m-${i}`, value })
  }
  await server.eventually(() => Promise.resolve(first.length === 100))
  assert.equal(decodes.mock.callCount(), 100)
  watching(late)
  assert.deepEqual(late, first)
  assert.equal(decodes.mock.callCount(), 136)
})
