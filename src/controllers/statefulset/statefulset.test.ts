import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StatefulSet } from '../../api/generated/types/apps/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { persistentVolumeClaims, pods, statefulSets } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { statefulSetController } from './controller.ts'

const statefulSet = (replicas: number, image = 'i:1', more: Partial<StatefulSet['spec']> = {}): StatefulSet => ({
  metadata: { name: 'db', namespace: 'default' },
  spec: {
    replicas,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image }] } },
    ...more,
  },
})

interface Bench extends ControllerBench {
  /** `name image` of each pod that isn't being deleted. */
  names(): Promise<string[]>
  get(name: string): Promise<Frozen<Pod>>
  /** Runs what isn't ready yet. */
  run(): Promise<void>
  runAll(): Promise<void>
  change(spec: Partial<StatefulSet['spec']>): Promise<void>
  status(): Promise<Frozen<NonNullable<StatefulSet['status']>>>
}

async function start(set: StatefulSet): Promise<Bench> {
  const bench = await startBench([statefulSetController])
  await bench.client(statefulSets).create(set)
  await bench.advance(100)
  const list = async () => (await bench.client(pods).list()).items
  const run = async (): Promise<void> => {
    await bench.runPods((await list()).filter((pod) => !pod.status?.conditions?.some(({ type }) => type === 'Ready')))
    await bench.advance(200)
  }
  return {
    ...bench,
    run,
    async names() {
      return (await list())
        .filter(({ metadata }) => !metadata.deletionTimestamp)
        .map((pod) => `${pod.metadata.name} ${pod.spec.containers[0]?.image}`)
    },
    get: (name) => bench.client(pods).get(`default/${name}`),
    async runAll() {
      for (let round = 0; round < 12; round++) await run()
    },
    async change(spec) {
      const now = await bench.client(statefulSets).get('default/db')
      await bench.client(statefulSets).update({ ...now, spec: { ...now.spec, ...spec } } as StatefulSet)
      await bench.advance(200)
    },
    status: async () => (await bench.client(statefulSets).get('default/db')).status ?? { replicas: 0 },
  }
}

const template = (image: string) => statefulSet(1, image).spec.template

describe('statefulset controller', () => {
  it('makes one pod after another, each with its identity', async () => {
    const bench = await start(statefulSet(3))
    assert.deepEqual(await bench.names(), ['db-0 i:1'])
    const pod = await bench.get('db-0')
    assert.deepEqual([pod.spec.hostname, pod.spec.subdomain], ['db-0', 'db'])
    assert.equal(pod.metadata.labels?.['apps.kubernetes.io/pod-index'], '0')
    assert.equal(pod.metadata.generateName, 'db-')
    assert.match(pod.metadata.labels?.['controller-revision-hash'] ?? '', /^db-[a-z0-9]+$/)
    await bench.run()
    assert.deepEqual(await bench.names(), ['db-0 i:1', 'db-1 i:1'])
    await bench.runAll()
    const { currentRevision, updateRevision, ...counts } = await bench.status()
    assert.deepEqual(counts, {
      observedGeneration: 1,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      collisionCount: 0,
      availableReplicas: 3,
    })
    assert.equal(currentRevision, updateRevision)
    const told = await bench.eventsOf(await bench.client(statefulSets).get('default/db'))
    assert.ok(told.includes('SuccessfulCreate: Create Pod db-0 in StatefulSet db successful'))
    await bench.stop()
  })

  it('makes all at once in parallel', async () => {
    const bench = await start(statefulSet(3, 'i:1', { podManagementPolicy: 'Parallel' }))
    assert.equal((await bench.names()).length, 3)
    await bench.stop()
  })

  it('goes down from the last, one at a time', async () => {
    const bench = await start(statefulSet(3))
    await bench.runAll()
    const held = await bench.get('db-2')
    await bench.client(pods).update({ ...held, metadata: { ...held.metadata, finalizers: ['example.com/hold'] } })
    await bench.change({ replicas: 1 })
    assert.deepEqual(await bench.names(), ['db-0 i:1', 'db-1 i:1'])
    const now = await bench.get('db-2')
    await bench.client(pods).update({ ...now, metadata: { ...now.metadata, finalizers: [] } })
    await bench.advance(200)
    assert.deepEqual(await bench.names(), ['db-0 i:1'])
    await bench.stop()
  })

  it('updates from the last down, one at a time, each when the one before is ready', async () => {
    const bench = await start(statefulSet(3))
    await bench.runAll()
    await bench.change({ template: template('i:2') })
    assert.deepEqual(await bench.names(), ['db-0 i:1', 'db-1 i:1', 'db-2 i:2'])
    const during = await bench.status()
    assert.notEqual(during.currentRevision, during.updateRevision)
    assert.deepEqual([during.currentReplicas, during.updatedReplicas], [2, 1])
    await bench.run()
    assert.deepEqual(await bench.names(), ['db-0 i:1', 'db-1 i:2', 'db-2 i:2'])
    await bench.runAll()
    assert.deepEqual(await bench.names(), ['db-0 i:2', 'db-1 i:2', 'db-2 i:2'])
    const after = await bench.status()
    assert.equal(after.currentRevision, after.updateRevision)
    await bench.stop()
  })

  it('leaves pods below the partition as they were, also when they are made anew', async () => {
    const updateStrategy = { type: 'RollingUpdate' as const, rollingUpdate: { partition: 2 } }
    const bench = await start(statefulSet(3, 'i:1', { updateStrategy }))
    await bench.runAll()
    await bench.change({ template: template('i:2') })
    await bench.runAll()
    assert.deepEqual(await bench.names(), ['db-0 i:1', 'db-1 i:1', 'db-2 i:2'])
    await bench.client(pods).delete('default/db-0')
    await bench.runAll()
    assert.deepEqual(await bench.names(), ['db-0 i:1', 'db-1 i:1', 'db-2 i:2'])
    await bench.stop()
  })

  it('waits for pods to be deleted by hand with OnDelete', async () => {
    const bench = await start(statefulSet(2, 'i:1', { updateStrategy: { type: 'OnDelete' } }))
    await bench.runAll()
    await bench.change({ template: template('i:2') })
    await bench.runAll()
    assert.deepEqual(await bench.names(), ['db-0 i:1', 'db-1 i:1'])
    await bench.client(pods).delete('default/db-1')
    await bench.runAll()
    assert.deepEqual(await bench.names(), ['db-0 i:1', 'db-1 i:2'])
    await bench.stop()
  })

  it('makes a failed pod anew, under its name', async () => {
    const bench = await start(statefulSet(2))
    await bench.runAll()
    const before = await bench.get('db-0')
    await bench.setPod(before, { phase: 'Failed' })
    await bench.advance(200)
    const after = await bench.get('db-0')
    assert.notEqual(after.metadata.uid, before.metadata.uid)
    const told = await bench.eventsOf(await bench.client(statefulSets).get('default/db'))
    assert.ok(told.includes('RecreatingFailedPod: StatefulSet default/db is recreating failed Pod db-0'))
    await bench.stop()
  })

  it('starts at another ordinal, and gives each pod its claims', async () => {
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } },
    }
    const bench = await start(statefulSet(1, 'i:1', { ordinals: { start: 5 }, volumeClaimTemplates: [claim] }))
    const pod = await bench.get('db-5')
    assert.deepEqual(pod.spec.volumes?.[0], { name: 'data', persistentVolumeClaim: { claimName: 'data-db-5' } })
    const made = await bench.client(persistentVolumeClaims).get('default/data-db-5')
    assert.deepEqual(made.metadata.labels, { app: 'db' })
    await bench.client(pods).delete('default/db-5')
    await bench.advance(200)
    assert.equal((await bench.client(persistentVolumeClaims).get('default/data-db-5')).metadata.uid, made.metadata.uid)
    await bench.stop()
  })

  it('waits until a pod has been ready for minReadySeconds', async () => {
    const bench = await start(statefulSet(2, 'i:1', { minReadySeconds: 10 }))
    await bench.run()
    assert.equal((await bench.names()).length, 1)
    await bench.advance(11_000)
    assert.equal((await bench.names()).length, 2)
    await bench.stop()
  })
})
