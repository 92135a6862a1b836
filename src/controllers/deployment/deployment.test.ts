import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Deployment } from '../../api/generated/types/apps/v1.ts'
import { deployments, pods, replicaSets } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { replicaSetController } from '../replicaset/controller.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { deploymentController } from './controller.ts'

const deployment = (replicas: number, more: Partial<Deployment['spec']> = {}): Deployment => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
    ...more,
  },
})

interface Bench extends ControllerBench {
  get(): Promise<Frozen<Deployment>>
  change(spec: Partial<Frozen<Deployment['spec']>>): Promise<void>
  setImage(image: string): Promise<void>
  /** Sizes of the replica sets by image. */
  sizes(): Promise<Record<string, number>>
  /** Runs every pod that isn't ready, until nothing changes any more. */
  runAll(): Promise<void>
  conditions(): Promise<string[]>
}

async function start(): Promise<Bench> {
  const bench = await startBench([deploymentController, replicaSetController])
  const get = () => bench.client(deployments).get('default/web')
  const change: Bench['change'] = async (spec) => {
    const now = await get()
    await bench.client(deployments).update({ ...now, spec: { ...now.spec, ...spec } } as Deployment)
    await bench.advance(200)
  }
  return {
    ...bench,
    get,
    change,
    async setImage(image) {
      const { template } = deployment(0).spec
      await change({ template: { ...template, spec: { containers: [{ name: 'c', image }] } } })
    },
    async sizes() {
      const { items } = await bench.client(replicaSets).list()
      return Object.fromEntries(
        items.map(({ spec }) => [spec.template.spec.containers[0]?.image ?? '', spec.replicas ?? 0]),
      )
    },
    async runAll() {
      for (let rounds = 0; rounds < 20; rounds++) {
        await bench.advance(100)
        const { items } = await bench.client(pods).list()
        const waiting = items.filter((pod) => !pod.status?.conditions?.length)
        if (waiting.length === 0) return
        await bench.runPods(waiting)
      }
    },
    async conditions() {
      const { status } = await get()
      return (status?.conditions ?? []).map(
        ({ type, status: is, reason, message }) => `${type} ${is} ${reason}: ${message}`,
      )
    },
  }
}

describe('deployment controller', () => {
  it('creates a replica set as upstream does, and reports until all is available', async () => {
    const bench = await start()
    const created = await bench.client(deployments).create(deployment(3))
    await bench.advance(200)
    const [set] = (await bench.client(replicaSets).list()).items
    const hash = set?.metadata.labels?.['pod-template-hash'] ?? ''
    assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{8,10}$/)
    assert.equal(set?.metadata.name, `web-${hash}`)
    assert.deepEqual(set?.spec.selector, { matchLabels: { app: 'web', 'pod-template-hash': hash } })
    assert.deepEqual(set?.metadata.annotations, {
      'deployment.kubernetes.io/revision': '1',
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
    })
    assert.deepEqual(await bench.eventsOf(created), [
      `ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`,
    ])
    assert.deepEqual(await bench.conditions(), [
      'Available False MinimumReplicasUnavailable: Deployment does not have minimum availability.',
      `Progressing True ReplicaSetUpdated: ReplicaSet "web-${hash}" is progressing.`,
    ])
    await bench.runAll()
    const { status, metadata } = await bench.get()
    assert.equal(metadata.annotations?.['deployment.kubernetes.io/revision'], '1')
    const { conditions: _, ...counts } = status ?? {}
    assert.deepEqual(counts, {
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      terminatingReplicas: 0,
    })
    assert.deepEqual((await bench.conditions()).toSorted(), [
      'Available True MinimumReplicasAvailable: Deployment has minimum availability.',
      `Progressing True NewReplicaSetAvailable: ReplicaSet "web-${hash}" has successfully progressed.`,
    ])
    await bench.stop()
  })

  it('rolls a new template out and back within its bounds', async () => {
    const bench = await start()
    await bench.client(deployments).create(deployment(4))
    await bench.runAll()
    await bench.setImage('i:2')
    assert.deepEqual(await bench.sizes(), { 'i:1': 3, 'i:2': 2 })
    await bench.runAll()
    assert.deepEqual(await bench.sizes(), { 'i:1': 0, 'i:2': 4 })
    await bench.setImage('i:1')
    await bench.runAll()
    assert.deepEqual(await bench.sizes(), { 'i:1': 4, 'i:2': 0 })
    const sets = (await bench.client(replicaSets).list()).items
    const first = sets.find((set) => set.spec.replicas === 4)
    assert.equal(first?.metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
    assert.equal(first?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1')
    assert.equal((await bench.get()).metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
    await bench.stop()
  })

  it('lets all old pods go before it starts new ones, for Recreate', async () => {
    const bench = await start()
    await bench.client(deployments).create(deployment(2, { strategy: { type: 'Recreate' } }))
    await bench.runAll()
    const [held] = (await bench.client(pods).list()).items
    assert.ok(held)
    await bench.client(pods).update({ ...held, metadata: { ...held.metadata, finalizers: ['example.com/hold'] } })
    await bench.setImage('i:2')
    assert.deepEqual(await bench.sizes(), { 'i:1': 0 })
    const now = await bench.client(pods).get(held)
    await bench.client(pods).update({ ...now, metadata: { ...now.metadata, finalizers: [] } })
    await bench.advance(200)
    assert.deepEqual(await bench.sizes(), { 'i:1': 0, 'i:2': 2 })
    await bench.stop()
  })

  it('scales, holds still while paused, and goes on when resumed', async () => {
    const bench = await start()
    await bench.client(deployments).create(deployment(2))
    await bench.runAll()
    await bench.change({ paused: true })
    await bench.setImage('i:2')
    assert.deepEqual(await bench.sizes(), { 'i:1': 2 })
    assert.ok((await bench.conditions()).includes('Progressing Unknown DeploymentPaused: Deployment is paused'))
    await bench.change({ replicas: 5 })
    assert.deepEqual(await bench.sizes(), { 'i:1': 5 })
    await bench.change({ paused: false })
    await bench.runAll()
    assert.deepEqual(await bench.sizes(), { 'i:1': 0, 'i:2': 5 })
    await bench.stop()
  })

  it('reports a rollout that makes no progress, after its deadline', async () => {
    const bench = await start()
    await bench.client(deployments).create(deployment(1, { progressDeadlineSeconds: 60 }))
    await bench.advance(58_000)
    assert.ok(!(await bench.conditions()).some((text) => text.includes('ProgressDeadlineExceeded')))
    await bench.advance(5000)
    const [, timedOut] = await bench.conditions()
    assert.match(
      timedOut ?? '',
      /^Progressing False ProgressDeadlineExceeded: ReplicaSet "web-\w+" has timed out progressing\.$/,
    )
    await bench.runAll()
    assert.match((await bench.conditions())[1] ?? '', /^Progressing True NewReplicaSetAvailable/)
    await bench.stop()
  })

  it('keeps as many old replica sets as asked', async () => {
    const bench = await start()
    await bench.client(deployments).create(deployment(1, { revisionHistoryLimit: 2 }))
    for (const image of ['i:2', 'i:3', 'i:4', 'i:5']) {
      await bench.runAll()
      await bench.advance(1000)
      await bench.setImage(image)
    }
    await bench.runAll()
    assert.deepEqual(Object.keys(await bench.sizes()).toSorted(), ['i:3', 'i:4', 'i:5'])
    await bench.stop()
  })

  it('takes another hash when the name is taken', async () => {
    const bench = await start()
    await bench.client(deployments).create(deployment(1))
    await bench.runAll()
    const [{ metadata, spec } = { metadata: {}, spec: deployment(0).spec }] = (await bench.client(replicaSets).list())
      .items
    await bench.client(deployments).delete('default/web')
    await bench.client(replicaSets).delete(`default/${metadata.name}`)
    await bench.settle()
    await bench.client(replicaSets).create({
      metadata: { name: metadata.name ?? '', namespace: 'default' },
      spec: {
        ...spec,
        selector: { matchLabels: { x: 'y' } },
        template: { metadata: { labels: { x: 'y' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    })
    await bench.client(deployments).create(deployment(1))
    await bench.advance(1000)
    assert.equal((await bench.get()).status?.collisionCount, 1)
    assert.equal((await bench.client(replicaSets).list()).items.length, 2)
    await bench.stop()
  })

  it('brings up 2,000 pods without creating one twice', async () => {
    const bench = await start()
    await bench.client(deployments).create(deployment(2000))
    await bench.advance(2000)
    assert.equal((await bench.client(pods).list()).items.length, 2000)
    assert.equal((await bench.get()).status?.replicas, 2000)
    await bench.stop()
  })
})
