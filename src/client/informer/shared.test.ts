import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { handle } from '../../apiserver/inprocess/handle.ts'
import { TestServer } from '../../apiserver/test-server.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { createClient } from '../create-client.ts'
import { inProcessTransport } from '../inprocess.ts'
import { InformerFactory, withoutManagers } from './factory.ts'

test('informers on a server of their process hold the same objects', async () => {
  const server = new TestServer()
  for (const name of ['a', 'b']) {
    await server.create('/api/v1/namespaces/default/configmaps', { metadata: { name }, data: { name } })
  }
  const env = { clock: systemClock, random: seededRandom(1), log: silentLogger }
  const transport = inProcessTransport((request, user) => handle(server.server, request, user), {
    name: 'admin',
    groups: ['system:masters'],
  })
  const end = new AbortController()
  const [one, other] = ['controllers', 'scheduler'].map((userAgent) => {
    const client = createClient({ transport, env, userAgent })
    const factory = new InformerFactory({ client, env, transform: withoutManagers })
    return { factory, lister: factory.lister(configMaps) }
  })
  assert.ok(one && other)
  for (const { factory } of [one, other]) {
    factory.start(end.signal)
    await factory.synced()
  }
  for (const key of ['default/a', 'default/b']) {
    const object = one.lister.get(key)
    assert.ok(object && !object.metadata.managedFields)
    assert.equal(other.lister.get(key), object)
  }
  end.abort()
  await Promise.all([one.factory.stopped(), other.factory.stopped()])
})
