import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceQuota } from '../../api/generated/types/core/v1.ts'
import { GuardedServer } from '../../apiserver/guarded-server.suite.ts'
import { systemClock } from '../../lib/clock.ts'
import { LmdbStore } from '../../store/lmdb/store.ts'
import { testFolder } from '../../store/lmdb/testing/folder.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const QUOTA = '/api/v1/namespaces/default/resourcequotas'

test('no race past a limit: of 100 creates at a time exactly 10 get in, on disk', async (t) => {
  const store = await LmdbStore.open({ path: testFolder(t), clock: systemClock })
  t.after(() => store.close())
  const server = await GuardedServer.start({ store })
  const hard = { configmaps: '10' }
  const quota = await server.create<ResourceQuota>(QUOTA, { metadata: { name: 'q' }, spec: { hard } })
  const status = { hard, used: { configmaps: '0' } }
  await server.expect(200, 'PUT', `${QUOTA}/q/status`, { ...quota, status })
  const used = async (): Promise<unknown> => (await server.get<ResourceQuota>(`${QUOTA}/q`)).status?.used
  await Promise.all(
    Array.from({ length: 100 }, (_, i) => server.send('POST', `${MAPS}?dryRun=All`, { metadata: { name: `m${i}` } })),
  )
  assert.deepEqual(await used(), { configmaps: '0' }, 'dry runs charge nothing')
  const bad = Array.from({ length: 20 }, (_, i) => ({ metadata: { name: `Not A Name ${i}` } }))
  const good = Array.from({ length: 100 }, (_, i) => ({ metadata: { name: `m${i}` } }))
  const answers = await Promise.all([...bad, ...good].map((body) => server.send('POST', MAPS, body)))
  const counts = Object.groupBy(answers, ({ status: code }) => code)
  assert.deepEqual([counts[201]?.length, counts[403]?.length, counts[422]?.length], [10, 90, 20])
  assert.deepEqual(await used(), { configmaps: '10' }, 'what is not valid charges nothing')
})
