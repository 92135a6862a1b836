import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DaemonSet } from '../../api/generated/types/apps/v1.ts'
import type { Node, Pod, Taint } from '../../api/generated/types/core/v1.ts'
import { controllerRevisions, daemonSets, nodes, pods } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { daemonSetController } from './controller.ts'
import { judgeNode, nodeOf } from './nodes.ts'

const daemonSet = (
  image = 'i:1',
  more: Partial<DaemonSet['spec']> = {},
  pod: Partial<Pod['spec']> = {},
): DaemonSet => ({
  metadata: { name: 'agent', namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'c', image }], ...pod } },
    ...more,
  },
})

const node = (name: string, taints: Taint[] = [], labels: Record<string, string> = {}): Node => ({
  metadata: { name, labels },
  spec: { taints },
})

interface Bench extends ControllerBench {
  list(): Promise<readonly Frozen<Pod>[]>
  /** `node image` of each pod that isn't being deleted. */
  where(): Promise<string[]>
  /** Binds and runs what waits, until nothing changes. */
  runAll(rounds?: number): Promise<void>
  change(set: DaemonSet): Promise<void>
  status(): Promise<(number | undefined)[]>
}

async function start(names: readonly string[] = ['a', 'b', 'c']): Promise<Bench> {
  const bench = await startBench([daemonSetController()])
  for (const name of names) await bench.client(nodes).create(node(name))
  const list = async () => (await bench.client(pods).list()).items
  return {
    ...bench,
    list,
    async where() {
      const alive = (await list()).filter(({ metadata }) => !metadata.deletionTimestamp)
      return alive.map((pod) => `${nodeOf(pod)} ${pod.spec.containers[0]?.image}`).toSorted((a, b) => (a < b ? -1 : 1))
    },
    async runAll(rounds = 20) {
      for (let round = 0; round < rounds; round++) {
        await bench.advance(100)
        const waiting = (await list()).filter((pod) => !pod.status?.conditions?.some(({ type }) => type === 'Ready'))
        if (waiting.length === 0) return
        await bench.runPods(waiting)
      }
      await bench.advance(100)
    },
    async change(set) {
      const now = await bench.client(daemonSets).get('default/agent')
      await bench.client(daemonSets).update({ ...now, spec: { ...now.spec, ...set.spec } } as DaemonSet)
      await bench.advance(200)
    },
    async status() {
      const s = (await bench.client(daemonSets).get('default/agent')).status
      return [
        s?.desiredNumberScheduled,
        s?.currentNumberScheduled,
        s?.updatedNumberScheduled,
        s?.numberReady,
        s?.numberMisscheduled,
      ]
    },
  }
}

describe('judgeNode', () => {
  const cases: [string, DaemonSet, Node, boolean, boolean][] = [
    ['a plain node', daemonSet(), node('n'), true, true],
    ['a tainted node', daemonSet(), node('n', [{ key: 'x', effect: 'NoSchedule' }]), false, true],
    ['a node that drives away', daemonSet(), node('n', [{ key: 'x', effect: 'NoExecute' }]), false, false],
    ['a preference', daemonSet(), node('n', [{ key: 'x', effect: 'PreferNoSchedule' }]), true, true],
    [
      'a node in trouble',
      daemonSet(),
      node('n', [
        { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
        { key: 'node.kubernetes.io/disk-pressure', effect: 'NoSchedule' },
      ]),
      true,
      true,
    ],
    [
      'a node without network',
      daemonSet(),
      node('n', [{ key: 'node.kubernetes.io/network-unavailable', effect: 'NoSchedule' }]),
      false,
      true,
    ],
    [
      'a node with the label',
      daemonSet('i', {}, { nodeSelector: { disk: 'ssd' } }),
      node('n', [], { disk: 'ssd' }),
      true,
      true,
    ],
    ['a node without it', daemonSet('i', {}, { nodeSelector: { disk: 'ssd' } }), node('n'), false, false],
  ]
  for (const [name, set, where, begin, goOn] of cases)
    it(name, () => assert.deepEqual(judgeNode(set, where), { start: begin, goOn }))
})

describe('daemonset controller', () => {
  it('puts one pod on each node, meant for it, and follows nodes', async () => {
    const bench = await start()
    await bench.client(daemonSets).create(daemonSet())
    await bench.runAll()
    assert.deepEqual(await bench.where(), ['a i:1', 'b i:1', 'c i:1'])
    assert.deepEqual(await bench.status(), [3, 3, 3, 3, 0])
    const [pod] = await bench.list()
    assert.match(pod?.metadata.labels?.['controller-revision-hash'] ?? '', /^[a-z0-9]+$/)
    assert.equal(pod?.metadata.labels?.['pod-template-generation'], '1')
    assert.ok(pod?.spec.tolerations?.some(({ key }) => key === 'node.kubernetes.io/unschedulable'))
    await bench.client(nodes).create(node('d'))
    await bench.runAll()
    assert.equal((await bench.where()).length, 4)
    const b = await bench.client(nodes).get('b')
    await bench.client(nodes).update({ ...b, spec: { taints: [{ key: 'x', effect: 'NoExecute' }] } } as Node)
    await bench.advance(200)
    assert.deepEqual(await bench.where(), ['a i:1', 'c i:1', 'd i:1'])
    await bench.stop()
  })

  it('replaces pods one node after another', async () => {
    const bench = await start()
    await bench.client(daemonSets).create(daemonSet())
    await bench.runAll()
    await bench.change(daemonSet('i:2'))
    const outdated = async () => (await bench.where()).filter((text) => text.endsWith('i:1')).length
    assert.equal(await outdated(), 2)
    await bench.runAll(1)
    assert.equal(await outdated(), 1)
    await bench.runAll()
    assert.deepEqual(await bench.where(), ['a i:2', 'b i:2', 'c i:2'])
    assert.deepEqual(await bench.status(), [3, 3, 3, 3, 0])
    const revisions = (await bench.client(controllerRevisions).list()).items
    assert.deepEqual(
      revisions.map(({ revision }) => revision).toSorted((a, b) => a - b),
      [1, 2],
    )
    await bench.change(daemonSet('i:1'))
    await bench.runAll()
    const again = (await bench.client(controllerRevisions).list()).items
    assert.deepEqual(
      again.map(({ revision }) => revision).toSorted((a, b) => a - b),
      [2, 3],
    )
    await bench.stop()
  })

  it('sets new pods beside old ones with maxSurge', async () => {
    const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 }
    const updateStrategy = { type: 'RollingUpdate' as const, rollingUpdate }
    const bench = await start()
    await bench.client(daemonSets).create(daemonSet('i:1', { updateStrategy }))
    await bench.runAll()
    await bench.change(daemonSet('i:2', { updateStrategy }))
    assert.equal((await bench.where()).length, 4)
    await bench.runAll()
    assert.deepEqual(await bench.where(), ['a i:2', 'b i:2', 'c i:2'])
    await bench.stop()
  })

  it('waits for pods to be deleted by hand with OnDelete', async () => {
    const updateStrategy = { type: 'OnDelete' as const }
    const bench = await start(['a', 'b'])
    await bench.client(daemonSets).create(daemonSet('i:1', { updateStrategy }))
    await bench.runAll()
    await bench.change(daemonSet('i:2', { updateStrategy }))
    assert.deepEqual(await bench.where(), ['a i:1', 'b i:1'])
    await bench.client(pods).delete((await bench.list()).find((pod) => nodeOf(pod) === 'a') as Pod)
    await bench.runAll()
    assert.deepEqual(await bench.where(), ['a i:2', 'b i:1'])
    await bench.stop()
  })

  it('replaces failed pods, less and less often', async () => {
    const bench = await start(['a'])
    const set = await bench.client(daemonSets).create(daemonSet())
    await bench.advance(200)
    let replaced = 0
    for (let second = 0; second < 60; second++) {
      for (const pod of await bench.list())
        if (pod.status?.phase !== 'Failed') {
          replaced++
          await bench.setPod(pod, { phase: 'Failed' })
        }
      await bench.advance(1000)
    }
    assert.ok(replaced >= 5 && replaced <= 8, `${replaced} times`)
    assert.ok(
      (await bench.eventsOf(set)).some((text) =>
        text.startsWith('FailedDaemonPod: Found failed daemon pod default/agent-'),
      ),
    )
    await bench.stop()
  })

  it('removes doubles, the younger ones', async () => {
    const bench = await start(['a'])
    await bench.client(daemonSets).create(daemonSet())
    await bench.runAll()
    const [first] = await bench.list()
    await bench.advance(2000)
    const { name: _, uid: _u, resourceVersion: _r, creationTimestamp: _c, ...metadata } = (first as Pod).metadata
    await bench.client(pods).create({ metadata: { ...metadata, generateName: 'agent-' }, spec: first?.spec } as Pod)
    await bench.advance(200)
    const left = (await bench.list()).filter(({ metadata: m }) => !m.deletionTimestamp)
    assert.deepEqual(
      left.map(({ metadata: m }) => m.uid),
      [first?.metadata.uid],
    )
    await bench.stop()
  })
})
