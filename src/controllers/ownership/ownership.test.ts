import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ReplicaSet } from '../../api/generated/types/apps/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { pods, replicaSets } from '../../api/index.ts'
import { runControllers } from '../../client/harness/run.ts'
import { testBench, type TestBench } from '../../client/testing/test-env.ts'
import { replicaSetController } from '../replicaset/controller.ts'

const replicaSet = (replicas: number): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
})

const loose = (name: string, labels: Record<string, string>): Pod => ({
  metadata: { name, namespace: 'default', labels },
  spec: { containers: [{ name: 'c', image: 'i' }] },
})

async function start(): Promise<TestBench & { count(): Promise<number>; owners(name: string): Promise<string[]> }> {
  const bench = testBench()
  await runControllers([replicaSetController], { ...bench, freeze: true }).ready
  const { client } = bench
  return {
    ...bench,
    count: async () => (await client(pods).list()).items.length,
    async owners(name) {
      const { metadata } = await client(pods).get(`default/${name}`)
      return (metadata.ownerReferences ?? []).map((owner) => owner.uid)
    },
  }
}

describe('ownership', () => {
  it('is taken of orphans that match, also of those that come to match later', async () => {
    const { client, clock, owners, count, stop } = await start()
    await client(pods).create(loose('orphan', { app: 'web' }))
    await client(pods).create(loose('stranger', { app: 'other' }))
    const { metadata } = await client(replicaSets).create(replicaSet(2))
    await clock.advance(100)
    assert.deepEqual(await owners('orphan'), [metadata.uid])
    assert.equal(await count(), 3)
    await client(pods).patch('default/stranger', 'merge', { metadata: { labels: { app: 'web' } } })
    await clock.advance(100)
    assert.equal(await count(), 2)
    stop()
  })

  it('is given up of what no longer matches', async () => {
    const { client, clock, owners, count, stop } = await start()
    await client(pods).create(loose('orphan', { app: 'web' }))
    await client(replicaSets).create(replicaSet(1))
    await clock.advance(100)
    await client(pods).patch('default/orphan', 'merge', { metadata: { labels: { app: 'off-duty' } } })
    await clock.advance(100)
    assert.deepEqual(await owners('orphan'), [])
    assert.equal(await count(), 2)
    stop()
  })

  it('is not taken by an owner that was deleted a moment ago', async () => {
    const { client, clock, api, owners, stop } = await start()
    await client(replicaSets).create(replicaSet(0))
    await clock.advance(100)
    const gone = { ...replicaSet(0), metadata: { ...replicaSet(0).metadata, uid: 'another' } }
    api.intercept = ({ method, path }) => {
      // The live read sees that another object has the name now.
      if (method === 'GET' && path.endsWith('/replicasets/web')) throw new Error(`got uid ${gone.metadata.uid}`)
    }
    await client(pods).create(loose('orphan', { app: 'web' }))
    await clock.advance(100)
    assert.deepEqual(await owners('orphan'), [])
    stop()
  })
})
