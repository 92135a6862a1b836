import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ReplicaSet } from '../../api/generated/types/apps/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { pods, replicaSets } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { replicaSetController } from './controller.ts'

const replicaSet = (replicas: number): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
})

async function start(): Promise<ControllerBench & { podList(): Promise<readonly Frozen<Pod>[]> }> {
  const bench = await startBench([replicaSetController])
  return { ...bench, podList: async () => (await bench.client(pods).list({ namespace: 'default' })).items }
}

describe('replicaset controller', () => {
  it('creates what is missing, each once, and says so', async () => {
    const bench = await start()
    const created = await bench.client(replicaSets).create(replicaSet(3))
    await bench.advance(100)
    const [first, ...others] = await bench.podList()
    assert.equal(others.length, 2)
    assert.match(first?.metadata.name ?? '', /^web-[a-z0-9]{5}$/)
    assert.deepEqual(first?.metadata.ownerReferences, [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web',
        uid: created.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ])
    assert.ok((await bench.eventsOf(created)).includes(`SuccessfulCreate: Created pod: ${first?.metadata.name}`))
    const { status } = await bench.client(replicaSets).get('default/web')
    assert.deepEqual(status, { replicas: 3, fullyLabeledReplicas: 3, terminatingReplicas: 0, observedGeneration: 1 })
    await bench.stop()
  })

  it('creates a great many', async () => {
    const bench = await start()
    await bench.client(replicaSets).create(replicaSet(1200))
    await bench.advance(1000)
    assert.equal((await bench.podList()).length, 1200)
    assert.equal((await bench.client(replicaSets).get('default/web')).status?.replicas, 1200)
    await bench.stop()
  })

  it('counts ready and available pods, these after minReadySeconds', async () => {
    const bench = await start()
    const spec = { ...replicaSet(2).spec, minReadySeconds: 10 }
    await bench.client(replicaSets).create({ ...replicaSet(2), spec })
    await bench.settle()
    await bench.runPods(await bench.podList())
    await bench.advance(1000)
    const counts = async () => {
      const { status } = await bench.client(replicaSets).get('default/web')
      return [status?.readyReplicas, status?.availableReplicas]
    }
    assert.deepEqual(await counts(), [2, undefined])
    await bench.advance(10_000)
    assert.deepEqual(await counts(), [2, 2])
    await bench.stop()
  })

  it('replaces pods that end or are deleted, and scales down what is worth least', async () => {
    const bench = await start()
    await bench.client(replicaSets).create(replicaSet(3))
    await bench.settle()
    const [ended, deleted, ready] = await bench.podList()
    assert.ok(ended && deleted && ready)
    await bench.setPod(ended, { phase: 'Failed' })
    await bench.client(pods).delete(deleted)
    await bench.runPods([ready])
    await bench.advance(100)
    const alive = (await bench.podList()).filter((pod) => pod.status?.phase !== 'Failed')
    assert.equal(alive.length, 3)
    const set = await bench.client(replicaSets).get('default/web')
    await bench.client(replicaSets).update({ ...set, spec: { ...set.spec, replicas: 1 } } as ReplicaSet)
    await bench.advance(100)
    const left = (await bench.podList()).filter((pod) => pod.status?.phase !== 'Failed')
    assert.deepEqual(
      left.map((pod) => pod.metadata.uid),
      [ready.metadata.uid],
    )
    await bench.stop()
  })

  it('leaves everything alone while it is being deleted', async () => {
    const bench = await start()
    const withFinalizer = replicaSet(2)
    withFinalizer.metadata.finalizers = ['example.com/hold']
    await bench.client(replicaSets).create(withFinalizer)
    await bench.settle()
    await bench.client(replicaSets).delete('default/web')
    const [one] = await bench.podList()
    assert.ok(one)
    await bench.client(pods).delete(one)
    await bench.advance(1000)
    assert.equal((await bench.podList()).length, 1)
    await bench.stop()
  })
})
