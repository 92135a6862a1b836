import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frozen, KubeList, KubeObject } from '../../apimachinery/meta.ts'
import { ResourceCodec } from '../registry/codec.ts'
import { TestServer } from '../test-server.ts'
import { handle } from './handle.ts'

const ADMIN = { name: 'admin', groups: ['system:masters'] }
const MAPS = '/api/v1/namespaces/default/configmaps'

async function filled(): Promise<TestServer> {
  const server = new TestServer()
  for (const name of ['a', 'b', 'c']) await server.create(MAPS, { metadata: { name }, data: { name } })
  return server
}

/** The initial objects of a watch as an informer asks for it. */
async function followed(server: TestServer): Promise<Frozen<KubeObject>[]> {
  const end = new AbortController()
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const request = { method: 'GET', path: `${MAPS}?${query}`, signal: end.signal, withoutManagers: true }
  const { events } = await handle(server.server, request, ADMIN)
  const objects: Frozen<KubeObject>[] = []
  for await (const { type, object } of events ?? []) {
    if (type === 'BOOKMARK') end.abort()
    else objects.push(object as Frozen<KubeObject>)
  }
  return objects
}

async function listed(server: TestServer): Promise<readonly Frozen<KubeObject>[]> {
  const { body } = await handle(server.server, { method: 'GET', path: MAPS, withoutManagers: true }, ADMIN)
  return (body as KubeList<KubeObject>).items
}

test('whoever follows a resource later is given the objects that another holds, which are decoded once', async (t) => {
  const server = await filled()
  const decodes = t.mock.method(ResourceCodec.prototype, 'draft')
  const first = await followed(server)
  assert.equal(decodes.mock.callCount(), 3)
  const second = await followed(server)
  const third = await listed(server)
  assert.equal(decodes.mock.callCount(), 3)
  for (const [i, object] of first.entries()) {
    assert.equal(second[i], object)
    assert.equal(third[i], object)
  }
})

test('they are as the API serves them, but for managers; what has changed since is decoded anew', async () => {
  const server = await filled()
  const before = await followed(server)
  await server.patch(200, 'merge', `${MAPS}/b`, { data: { more: 'x' } })
  const after = await followed(server)
  assert.deepEqual(
    after.map((object, i) => object === before[i]),
    [true, false, true],
  )
  const served = (await server.list(MAPS)).items
  assert.ok(served.every(({ metadata }) => metadata.managedFields))
  for (const [i, object] of served.entries()) {
    const { managedFields: _managers, ...metadata } = object.metadata
    assert.deepEqual(after[i], { ...object, metadata })
  }
})

test('metadata alone stays metadata alone', async () => {
  const server = await filled()
  const headers = { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' }
  const request = { method: 'GET', path: MAPS, headers, withoutManagers: true }
  const { body } = await handle(server.server, request, ADMIN)
  assert.deepEqual(
    (body as KubeList<KubeObject>).items.map((item) => Object.keys(item).toSorted()),
    Array(3).fill(['apiVersion', 'kind', 'metadata']),
  )
})
