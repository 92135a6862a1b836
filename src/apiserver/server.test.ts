import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps } from '../api/core/v1/configmap.ts'
import { namespaces } from '../api/core/v1/namespace.ts'
import { pods } from '../api/core/v1/pod.ts'
import type { KubeList, KubeObject } from '../apimachinery/meta.ts'
import type { Status } from '../apimachinery/status.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/log.ts'
import { seededRandom } from '../lib/random.ts'
import { MemoryStore } from '../store/memory/store.ts'
import { StoreError, type Store } from '../store/store.ts'
import { alwaysAllow } from './authz/types.ts'
import { handle, type LocalEvent, type LocalRequest, type LocalResponse } from './inprocess/handle.ts'
import { createApiServer } from './server.ts'

const admin = { name: 'admin', groups: ['system:masters'] }

function start(
  store: Store = new MemoryStore({ clock: systemClock }),
): (request: LocalRequest) => Promise<LocalResponse> {
  const env = { clock: systemClock, random: seededRandom(1), log: silentLogger }
  const server = createApiServer({
    store,
    env,
    resources: [pods, namespaces, configMaps],
    authenticator: { authenticate: () => undefined },
    authorizer: alwaysAllow,
    admission: [],
    freeze: true,
  })
  return (request) => handle(server, request, admin)
}

const MAPS = '/api/v1/namespaces/default/configmaps'

test('an object is created, read, changed, listed and deleted', async () => {
  const request = start()
  const created = await request({ method: 'POST', path: MAPS, body: { metadata: { name: 'a' }, data: { x: '1' } } })
  assert.equal(created.status, 201)
  const object = created.body as KubeObject
  assert.match(object.metadata.uid ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(object.metadata.namespace, 'default')

  const read = await request({ method: 'GET', path: `${MAPS}/a` })
  assert.deepEqual(read.body, object)

  const changed = await request({ method: 'PUT', path: `${MAPS}/a`, body: { ...object, data: { x: '2' } } })
  assert.equal(changed.status, 200)
  const stale = await request({ method: 'PUT', path: `${MAPS}/a`, body: { ...object, data: { x: '3' } } })
  assert.equal(stale.status, 409)
  assert.match((stale.body as Status).message ?? '', /the object has been modified; please apply your changes/)

  const list = (await request({ method: 'GET', path: MAPS })).body as KubeList<KubeObject>
  assert.deepEqual(
    list.items.map((item) => item.metadata.name),
    ['a'],
  )

  assert.equal((await request({ method: 'DELETE', path: `${MAPS}/a` })).status, 200)
  assert.equal((await request({ method: 'GET', path: `${MAPS}/a` })).status, 404)
})

test('a watch from a list sees what happens after it', async () => {
  const request = start()
  await request({ method: 'POST', path: MAPS, body: { metadata: { name: 'a' } } })
  const list = (await request({ method: 'GET', path: MAPS })).body as KubeList<KubeObject>
  const end = new AbortController()
  const from = list.metadata.resourceVersion ?? ''
  const { events } = await request({
    method: 'GET',
    path: `${MAPS}?watch=1&resourceVersion=${from}`,
    signal: end.signal,
  })
  assert.ok(events)
  await request({ method: 'POST', path: MAPS, body: { metadata: { name: 'b' } } })
  await request({ method: 'DELETE', path: `${MAPS}/a` })
  const seen: string[] = []
  for await (const { type, object } of events as AsyncIterable<LocalEvent>) {
    seen.push(`${type} ${(object as KubeObject).metadata.name}`)
    if (seen.length === 2) end.abort()
  }
  assert.deepEqual(seen, ['ADDED b', 'DELETED a'])
})

test('a store that fails is told of in its own words, and one that does not answer as a timeout', async () => {
  const full = 'etcdserver: mvcc: database space exceeded'
  for (const [error, code, reason, message] of [
    [new StoreError(full), 500, undefined, full],
    [new StoreError('no space left on device', { full: true }), 500, undefined, full],
    [
      new StoreError('context deadline exceeded', { timedOut: true }),
      504,
      'Timeout',
      'Timeout: request did not complete within requested timeout - context deadline exceeded',
    ],
  ] as const) {
    const store: Store = new MemoryStore({ clock: systemClock })
    store.write = () => Promise.reject(error)
    const request = start(store)
    const { status, body } = await request({ method: 'POST', path: MAPS, body: { metadata: { name: 'a' } } })
    const { reason: told, message: said } = body as Status
    assert.deepEqual([status, told, said], [code, reason, message])
  }
})
