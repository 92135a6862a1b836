import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Node } from '../../api/generated/types/core/v1.ts'
import { events, leases, nodes, pods } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { microTimestamp, timestamp } from '../../apimachinery/meta.ts'
import { taintEvictionController } from '../tainteviction/controller.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { nodeLifecycleController } from './controller.ts'
import { evictionRate, zoneState } from './health.ts'

interface Bench extends ControllerBench {
  /** Adds a node that is ready, in a zone. */
  add(name: string, zone?: string): Promise<void>
  setReady(name: string, status: 'True' | 'False'): Promise<void>
  /** Lets time pass while these nodes renew their leases. */
  live(names: readonly string[], seconds: number): Promise<void>
  get(name: string): Promise<Frozen<Node>>
  taints(name: string): Promise<string[]>
  ready(name: string): Promise<string | undefined>
}

async function start(): Promise<Bench> {
  const bench = await startBench([nodeLifecycleController(), taintEvictionController()])
  const { client, clock } = bench
  const get = (name: string) => client(nodes).get(name)
  const renew = async (name: string): Promise<void> => {
    const spec = { holderIdentity: name, renewTime: microTimestamp(clock.now()) }
    const metadata = { name, namespace: 'kube-node-lease' }
    const known = (await client(leases).list()).items.find((lease) => lease.metadata.name === name)
    await (known ? client(leases).update({ ...known, spec }) : client(leases).create({ metadata, spec }))
  }
  const setReady: Bench['setReady'] = async (name, status) => {
    const at = timestamp(clock.now())
    const ready = { type: 'Ready', status, lastHeartbeatTime: at, lastTransitionTime: at, reason: 'Test', message: '' }
    await client(nodes).patch(name, 'strategic', { status: { conditions: [ready] } }, { subresource: 'status' })
    await bench.settle()
  }
  return {
    ...bench,
    get,
    setReady,
    async add(name, zone = 'z1') {
      await client(nodes).create({
        metadata: { name, labels: { 'topology.kubernetes.io/zone': zone, 'kubernetes.io/os': 'linux' } },
        spec: {},
      })
      await setReady(name, 'True')
      await renew(name)
    },
    async live(names, seconds) {
      for (let passed = 0; passed < seconds; passed += 10) {
        for (const name of names) await renew(name)
        await bench.advance(10_000)
      }
    },
    async taints(name) {
      return ((await get(name)).spec.taints ?? []).map(
        ({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`,
      )
    },
    ready: async (name) => (await get(name)).status?.conditions?.find(({ type }) => type === 'Ready')?.status,
  }
}

describe('node lifecycle', () => {
  it('leaves nodes alone that renew their leases', async () => {
    const bench = await start()
    await bench.add('a')
    await bench.live(['a'], 300)
    assert.equal(await bench.ready('a'), 'True')
    assert.deepEqual(await bench.taints('a'), [])
    assert.equal((await bench.get('a')).metadata.labels?.['beta.kubernetes.io/os'], 'linux')
    await bench.stop()
  })

  it('notes a silent node after 50 s, taints it, marks its pods and drives them away', async () => {
    const bench = await start()
    for (const name of ['a', 'b', 'c']) await bench.add(name)
    const tolerations = [
      {
        key: 'node.kubernetes.io/unreachable',
        operator: 'Exists' as const,
        effect: 'NoExecute' as const,
        tolerationSeconds: 300,
      },
    ]
    const pod = await bench.client(pods).create({
      metadata: { name: 'p', namespace: 'default' },
      spec: { nodeName: 'a', tolerations, containers: [{ name: 'c', image: 'i' }] },
    })
    await bench.runPods([pod])
    await bench.live(['b', 'c'], 40)
    assert.equal(await bench.ready('a'), 'True')
    await bench.live(['b', 'c'], 20)
    const { status } = await bench.get('a')
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    assert.deepEqual(
      [ready?.status, ready?.reason, ready?.message],
      ['Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.'],
    )
    assert.deepEqual(await bench.taints('a'), ['unreachable:NoSchedule', 'unreachable:NoExecute'])
    assert.deepEqual(await bench.taints('b'), [])
    const marked = await bench.client(pods).get('default/p')
    assert.equal(marked.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'False')
    assert.deepEqual(await bench.eventsOf(marked), ['NodeNotReady: Node is not ready'])
    await bench.live(['b', 'c'], 280)
    assert.equal((await bench.client(pods).get('default/p')).metadata.deletionTimestamp, undefined)
    await bench.live(['b', 'c'], 30)
    assert.ok((await bench.client(pods).get('default/p')).metadata.deletionTimestamp)
    await bench.stop()
  })

  it('takes the taints away when the node is back', async () => {
    const bench = await start()
    for (const name of ['a', 'b']) await bench.add(name)
    await bench.live(['b'], 70)
    assert.equal((await bench.taints('a')).length, 2)
    await bench.setReady('a', 'True')
    assert.deepEqual(await bench.taints('a'), [])
    await bench.stop()
  })

  it('follows what nodes say of themselves', async () => {
    const bench = await start()
    for (const name of ['a', 'b']) await bench.add(name)
    await bench.setReady('a', 'False')
    await bench.advance(6000)
    assert.deepEqual(await bench.taints('a'), ['not-ready:NoSchedule', 'not-ready:NoExecute'])
    const node = await bench.get('b')
    await bench
      .client(nodes)
      .update({ ...node, spec: { unschedulable: true, taints: [{ key: 'mine', effect: 'NoSchedule' }] } } as Node)
    await bench.settle()
    assert.deepEqual(await bench.taints('b'), ['mine:NoSchedule', 'unschedulable:NoSchedule'])
    await bench.stop()
  })

  it('gives up a node that never says anything after 60 s', async () => {
    const bench = await start()
    await bench.add('other')
    await bench.client(nodes).create({ metadata: { name: 'mute' }, spec: {} })
    await bench.live(['other'], 50)
    assert.equal(await bench.ready('mute'), undefined)
    await bench.live(['other'], 20)
    const conditions = (await bench.get('mute')).status?.conditions ?? []
    assert.deepEqual(
      conditions.map(({ type, reason }) => [type, reason]),
      ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => [type, 'NodeStatusNeverUpdated']),
    )
    await bench.stop()
  })

  it('drives nothing away when all nodes seem to fail', async () => {
    const bench = await start()
    for (const name of ['a', 'b', 'c']) await bench.add(name)
    await bench.live([], 120)
    for (const name of ['a', 'b', 'c']) assert.deepEqual(await bench.taints(name), ['unreachable:NoSchedule'])
    await bench.stop()
  })

  it('marks one node of a zone after another', async () => {
    const bench = await start()
    const names = Array.from({ length: 10 }, (_, i) => `n${i}`)
    for (const name of names) await bench.add(name)
    for (const name of names.slice(0, 4)) await bench.setReady(name, 'False')
    const marked = async (): Promise<number> => {
      const all = await Promise.all(names.map((name) => bench.taints(name)))
      return all.filter((taints) => taints.includes('not-ready:NoExecute')).length
    }
    await bench.advance(6000)
    assert.equal(await marked(), 1)
    await bench.live(names, 20)
    assert.equal(await marked(), 3)
    await bench.stop()
  })

  it('tells when nodes come and go', async () => {
    const bench = await start()
    await bench.add('a')
    await bench.client(nodes).delete('a')
    await bench.settle()
    const told = (await bench.client(events).list({ namespace: 'default' })).items.map(
      ({ reason, message }) => `${reason}: ${message}`,
    )
    assert.deepEqual(told.toSorted(), [
      'RegisteredNode: Node a event: Registered Node a in Controller',
      'RemovingNode: Node a event: Removing Node a from Controller',
    ])
    await bench.stop()
  })
})

describe('zones', () => {
  const cases: [number, number, ReturnType<typeof zoneState>, number][] = [
    [10, 0, 'normal', 0.1],
    [2, 2, 'normal', 0.1],
    [4, 6, 'partial', 0],
    [40, 60, 'partial', 0.01],
    [0, 3, 'full', 0.1],
  ]
  for (const [ready, notReady, state, rate] of cases)
    it(`with ${ready} ready and ${notReady} not`, () =>
      assert.deepEqual([zoneState({ ready, notReady }), evictionRate({ ready, notReady })], [state, rate]))
})
