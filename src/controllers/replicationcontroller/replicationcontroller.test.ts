import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ReplicationController } from '../../api/generated/types/core/v1.ts'
import { pods, replicationControllers } from '../../api/index.ts'
import { startBench } from '../testing/bench.suite.ts'
import { replicationController } from './controller.ts'

it('a replication controller keeps its pods at their number', async () => {
  const bench = await startBench([replicationController])
  const template = { metadata: { labels: { app: 'old' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await bench
    .client(replicationControllers)
    .create({ metadata: { name: 'old', namespace: 'default' }, spec: { replicas: 3, template } })
  await bench.advance(100)
  const list = async () => (await bench.client(pods).list()).items
  assert.equal((await list()).length, 3)
  assert.equal((await list())[0]?.metadata.ownerReferences?.[0]?.kind, 'ReplicationController')
  await bench.runPods(await list())
  await bench.advance(100)
  const now = await bench.client(replicationControllers).get('default/old')
  assert.deepEqual(now.status, {
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    observedGeneration: 1,
  })
  await bench
    .client(replicationControllers)
    .update({ ...now, spec: { ...now.spec, replicas: 1 } } as ReplicationController)
  await bench.advance(100)
  assert.equal((await list()).length, 1)
  await bench.stop()
})
