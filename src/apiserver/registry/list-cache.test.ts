import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Encoded } from '../encode/encoded.ts'
import { encode } from '../encode/encode.ts'
import { systemClock } from '../../lib/clock.ts'
import { httpCall } from '../http/http-call.ts'
import { limitsOf } from '../http/limits.ts'
import type { Exchange } from '../http/exchange.ts'
import { JSON_TYPE } from '../request/negotiate.ts'
import { TestServer } from '../test-server.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'

/** The names of a list as its bytes have them. */
async function listed(server: TestServer, path = MAPS): Promise<{ names: string[]; kept: boolean }> {
  const exchange = { method: 'GET', url: path, headers: {}, onClose: () => {} } as unknown as Exchange
  const answer = await server.server.answer(httpCall(limitsOf(systemClock, 1000), exchange, { name: 'a', groups: [] }))
  const encoded = await encode(answer, { mediaType: JSON_TYPE, target: undefined, pretty: false })
  const list = JSON.parse(await textOf(encoded)) as { items: { metadata: { name: string } }[] }
  return { names: list.items.map(({ metadata }) => metadata.name), kept: answer.type === 'list' && !!answer.kept }
}

async function textOf(encoded: Encoded): Promise<string> {
  if (encoded.type === 'body') return Buffer.from(encoded.body).toString()
  assert.equal(encoded.type, 'stream')
  const parts: Uint8Array[] = []
  // A part is good until the next is asked for.
  if (encoded.type === 'stream') for await (const part of encoded.parts) parts.push(part.slice())
  return Buffer.concat(parts).toString()
}

test('a collection that is listed again is kept encoded until something in it changes', async () => {
  const server = new TestServer()
  const create = (name: string, namespace = 'default'): Promise<unknown> =>
    server.create(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name } })
  await create('a')
  assert.deepEqual(await listed(server), { names: ['a'], kept: false })
  assert.deepEqual(await listed(server), { names: ['a'], kept: false })
  assert.deepEqual(await listed(server), { names: ['a'], kept: true })
  await create('x', 'other')
  assert.deepEqual(await listed(server), { names: ['a'], kept: true })
  await create('b')
  assert.deepEqual(await listed(server), { names: ['a', 'b'], kept: false })
  assert.deepEqual(await listed(server), { names: ['a', 'b'], kept: true })
  await server.expect(200, 'DELETE', `${MAPS}/a`)
  assert.deepEqual(await listed(server), { names: ['b'], kept: false })
})

test('selections and pages are never kept', async () => {
  const server = new TestServer()
  await server.create(MAPS, { metadata: { name: 'a', labels: { on: '1' } } })
  for (let i = 0; i < 3; i++) {
    assert.equal((await listed(server, `${MAPS}?labelSelector=on`)).kept, false)
    assert.equal((await listed(server, `${MAPS}?limit=1`)).kept, false)
  }
})

test('a list of many pages has each item once, in order, in every form', async () => {
  const server = new TestServer()
  const names = Array.from({ length: 700 }, (_, i) => `m-${String(i).padStart(4, '0')}`)
  for (const name of names) {
    const labels = { half: name.endsWith('7') ? 'seven' : 'other' }
    await server.create(MAPS, { metadata: { name, labels }, data: { text: '}],"{'.repeat(60) } })
  }
  const sevens = names.filter((name) => name.endsWith('7'))
  assert.deepEqual((await listed(server)).names, names)
  assert.deepEqual((await listed(server, `${MAPS}?labelSelector=half%3Dseven`)).names, sevens)
  assert.deepEqual((await listed(server, `${MAPS}?labelSelector=half+in+(seven,no)`)).names, sevens)
  assert.deepEqual((await listed(server, `${MAPS}?labelSelector=half%3Dseve`)).names, [])
  assert.deepEqual((await listed(server, `${MAPS}?fieldSelector=metadata.name%3Dm-0017`)).names, ['m-0017'])
})
