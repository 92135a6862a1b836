import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../test-server.ts'
import { bootstrap } from './bootstrap.ts'

const CLASSES = '/apis/storage.k8s.io/v1/storageclasses'

test('the default class is made once: what an administrator deletes does not come back', async () => {
  const { server, ...rest } = await start(true)
  assert.deepEqual(await rest.names(), ['standard'])
  await rest.remove()
  await bootstrap(server, { serviceCidrs: ['10.96.0.0/16'], localVolumes: true })
  assert.deepEqual(await rest.names(), [])
})

test('where no node makes volumes there is none', async () => {
  const { names } = await start(false)
  assert.deepEqual(await names(), [])
})

async function start(localVolumes: boolean) {
  const test = new TestServer({ serviceNetwork: { cidrs: ['10.96.0.0/16'] } })
  await bootstrap(test.server, { serviceCidrs: ['10.96.0.0/16'], localVolumes })
  return {
    server: test.server,
    names: async () => (await test.list(CLASSES)).items.map(({ metadata }) => metadata.name),
    remove: () => test.send('DELETE', `${CLASSES}/standard`),
  }
}
