import assert from 'node:assert/strict'
import test from 'node:test'
import type { Client, Lister } from '../../client/index.ts'
import type { KubeObject } from '../../apimachinery/meta.ts'
import type { Node, Pod } from '../../api/generated/types/core/v1.ts'
import { seededRandom } from '../../lib/random.ts'
import { podInfoOf } from '../framework/pod-info.ts'
import { Cycle } from '../framework/plugin.ts'
import { preempt } from '../plugins/default-preemption/post-filter.ts'
import { defaultPlugins } from '../plugins/index.ts'
import { asking, cacheOf, node, pod } from '../testing/objects.ts'
import { fitMessage } from './fit-error.ts'
import { bestNode, enoughNodes, findNodes } from './select-node.ts'

const nothing = {
  get: () => undefined,
  list: () => [],
  controlledBy: () => [],
  byIndex: () => [],
} as unknown as Lister<KubeObject>
const noClient = (() => {
  throw new Error('a cycle makes no requests')
}) as unknown as Client
const plugins = defaultPlugins(noClient, {
  volumes: { claims: nothing as never, volumes: nothing as never, classes: nothing as never },
  groups: {
    services: nothing as never,
    replicaSets: nothing as never,
    statefulSets: nothing as never,
    replicationControllers: nothing as never,
  },
})

/** Where the pod goes, or the message of its condition. */
function schedule(incoming: Pod, nodes: readonly Node[], pods: readonly Pod[] = []): string {
  const cycle = new Cycle(podInfoOf(incoming), cacheOf(nodes, pods))
  const found = findNodes(cycle, plugins, 0)
  if ('nodes' in found) return bestNode(cycle, plugins, found.nodes, seededRandom(1)).name
  const outcome = preempt(cycle, found, plugins, [])
  return 'message' in outcome
    ? fitMessage(found, outcome.message)
    : `preempts ${outcome.candidate.victims.map(({ uid }) => uid).join(' ')} on ${outcome.candidate.node.name}`
}

const zone = (z: string): Record<string, string> => ({ 'topology.kubernetes.io/zone': z })
const on = (
  name: string,
  nodeName: string,
  labels: Record<string, string> = {},
  spec: Partial<Pod['spec']> = {},
): Pod => pod(name, { nodeName, ...spec }, { labels })
const apart = (topologyKey: string): Partial<Pod['spec']> => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app: 'a' } } }],
    },
  },
})
const together = (topologyKey: string): Partial<Pod['spec']> => ({
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app: 'a' } } }],
    },
  },
})
const spread = (topologyKey: string, maxSkew = 1): Partial<Pod['spec']> => ({
  topologySpreadConstraints: [
    { topologyKey, maxSkew, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'a' } } },
  ],
})
const tainted = (name: string, effect: 'NoSchedule' | 'PreferNoSchedule' = 'NoSchedule'): Node => ({
  ...node(name),
  spec: { taints: [{ key: 'k', value: 'v', effect }] },
})

const CASES: [string, string, () => string][] = [
  [
    'a pod goes to the emptier node',
    'n2',
    () => schedule(pod('p', asking('1')), [node('n1'), node('n2')], [on('x', 'n1', {}, asking('2'))]),
  ],
  [
    'a node without room is left out',
    'n2',
    () => schedule(pod('p', asking('3')), [node('n1'), node('n2')], [on('x', 'n1', {}, asking('2'))]),
  ],
  [
    'nobody has room',
    '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    () =>
      schedule(
        pod('p', asking('3')),
        [node('n1'), node('n2')],
        [on('x', 'n1', {}, asking('2')), on('y', 'n2', {}, asking('2'))],
      ),
  ],
  [
    'nobody will ever have room',
    '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    () => schedule(pod('p', asking('5', '9Gi')), [node('n1')]),
  ],
  [
    'full of pods',
    '0/1 nodes are available: 1 Too many pods. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    () =>
      schedule(
        pod('p'),
        [node('n1', {}, { status: { allocatable: { cpu: '4', memory: '8Gi', pods: '1' } } })],
        [on('x', 'n1')],
      ),
  ],
  ['no nodes', 'no nodes available to schedule pods', () => schedule(pod('p'), [])],
  [
    'a node selector',
    'n2',
    () => schedule(pod('p', { nodeSelector: { disk: 'ssd' } }), [node('n1'), node('n2', { disk: 'ssd' })]),
  ],
  [
    'a node selector that nobody matches',
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    () => schedule(pod('p', { nodeSelector: { disk: 'ssd' } }), [node('n1')]),
  ],
  [
    'a taint',
    '0/1 nodes are available: 1 node(s) had untolerated taint(s). preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    () => schedule(pod('p'), [tainted('n1')]),
  ],
  [
    'a tolerated taint',
    'n1',
    () => schedule(pod('p', { tolerations: [{ key: 'k', operator: 'Exists' }] }), [tainted('n1')]),
  ],
  ['a taint that asks to be avoided', 'n2', () => schedule(pod('p'), [tainted('n1', 'PreferNoSchedule'), node('n2')])],
  [
    'a cordoned node',
    '0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    () => schedule(pod('p'), [{ ...node('n1'), spec: { unschedulable: true } }]),
  ],
  [
    'a host port that is taken',
    'n2',
    () => {
      const ports = { containers: [{ name: 'm', ports: [{ containerPort: 80, hostPort: 80 }] }] }
      return schedule(pod('p', ports), [node('n1'), node('n2')], [on('x', 'n1', {}, ports)])
    },
  ],
  [
    'anti-affinity to what is there',
    'n2',
    () => schedule(pod('p', apart('kubernetes.io/hostname')), [node('n1'), node('n2')], [on('x', 'n1', { app: 'a' })]),
  ],
  [
    'anti-affinity of what is there',
    'n2',
    () =>
      schedule(
        pod('p', {}, { labels: { app: 'a' } }),
        [node('n1'), node('n2')],
        [on('x', 'n1', {}, apart('kubernetes.io/hostname'))],
      ),
  ],
  [
    'anti-affinity by zone leaves none',
    "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.",
    () =>
      schedule(
        pod('p', apart('topology.kubernetes.io/zone')),
        [node('n1', zone('a')), node('n2', zone('a'))],
        [on('x', 'n1', { app: 'a' })],
      ),
  ],
  [
    'affinity to what is there',
    'n2',
    () =>
      schedule(
        pod('p', together('topology.kubernetes.io/zone')),
        [node('n1', zone('a')), node('n2', zone('b'))],
        [on('x', 'n2', { app: 'a' })],
      ),
  ],
  [
    'affinity to nothing',
    "0/1 nodes are available: 1 node(s) didn't match pod affinity rules. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    () => schedule(pod('p', together('kubernetes.io/hostname')), [node('n1')]),
  ],
  [
    'the first of a group that wants to be together',
    'n1',
    () => schedule(pod('p', together('kubernetes.io/hostname'), { labels: { app: 'a' } }), [node('n1')]),
  ],
  [
    'spread over zones',
    'n3',
    () =>
      schedule(
        pod('p', spread('topology.kubernetes.io/zone'), { labels: { app: 'a' } }),
        [node('n1', zone('a')), node('n2', zone('a')), node('n3', zone('b'))],
        [on('x', 'n1', { app: 'a' })],
      ),
  ],
  [
    'spread leaves no domain',
    "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.",
    () =>
      schedule(
        pod('p', { ...spread('kubernetes.io/hostname'), ...asking('1') }, { labels: { app: 'a' } }),
        [node('n1'), node('n2')],
        [on('x', 'n1', { app: 'a' }), on('y', 'n2', {}, asking('4'))],
      ),
  ],
  [
    'spread without the label',
    "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label). preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    () => schedule(pod('p', spread('rack'), { labels: { app: 'a' } }), [node('n1')]),
  ],
  [
    'spread counts only nodes that the pod may use',
    'n3',
    () =>
      schedule(
        pod('p', { ...spread('kubernetes.io/hostname'), nodeSelector: { disk: 'ssd' } }, { labels: { app: 'a' } }),
        [node('n1'), node('n2', { disk: 'ssd' }), node('n3', { disk: 'ssd' })],
        [on('x', 'n2', { app: 'a' })],
      ),
  ],
  [
    'preemption takes the least important',
    'preempts low on n1',
    () =>
      schedule(
        pod('p', { ...asking('2'), priority: 10 }),
        [node('n1')],
        [on('low', 'n1', {}, { ...asking('2'), priority: 1 }), on('mid', 'n1', {}, { ...asking('2'), priority: 5 })],
      ),
  ],
  [
    'preemption spares those of the same priority',
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    () =>
      schedule(
        pod('p', { ...asking('2'), priority: 5 }),
        [node('n1')],
        [on('x', 'n1', {}, { ...asking('3'), priority: 5 })],
      ),
  ],
  [
    'preemption may be forbidden',
    '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.',
    () =>
      schedule(
        pod('p', { ...asking('2'), priority: 5, preemptionPolicy: 'Never' }),
        [node('n1')],
        [on('x', 'n1', {}, asking('3'))],
      ),
  ],
  [
    'a claim that is not there',
    '0/1 nodes are available: persistentvolumeclaim "data" not found. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    () => schedule(pod('p', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }), [node('n1')]),
  ],
]

for (const [name, expected, run] of CASES) test(name, () => assert.equal(run(), expected))

test('preemption leaves the cache as it was', () => {
  const victim = on('x', 'n1', { app: 'a' }, { ...asking('3'), ...apart('kubernetes.io/hostname') })
  const cache = cacheOf([node('n1')], [victim])
  const cycle = new Cycle(podInfoOf(pod('p', { ...asking('2'), priority: 5 })), cache)
  const before = JSON.stringify(cache.node('n1')?.requested)
  const found = findNodes(cycle, plugins, 0)
  assert.ok(!('nodes' in found))
  assert.ok('candidate' in preempt(cycle, found, plugins, []))
  assert.equal(JSON.stringify(cache.node('n1')?.requested), before)
  assert.equal([...cache.topology.owned('requiredAntiAffinity')][0]?.counts.get('n1'), 1)
})

test('room that is being made for a pod is not given to one that matters less', () => {
  const cache = cacheOf([node('n1')], [on('x', 'n1', {}, asking('2'))])
  cache.nominate(podInfoOf(pod('important', { ...asking('2'), priority: 9 })), 'n1')
  assert.ok(!('nodes' in findNodes(new Cycle(podInfoOf(pod('p', asking('1'))), cache), plugins, 0)))
  assert.ok('nodes' in findNodes(new Cycle(podInfoOf(pod('q', { ...asking('1'), priority: 10 })), cache), plugins, 0))
})

test('the larger the cluster, the smaller the share of it that is searched', () => {
  assert.deepEqual([5, 100, 1000, 5000, 10_000].map(enoughNodes), [5, 100, 420, 500, 500])
})

test('counts by topology agree with counting pods one by one', () => {
  const random = seededRandom(7)
  const nodes = Array.from({ length: 20 }, (_, i) => node(`n${i}`, zone(`z${i % 3}`)))
  const cache = cacheOf(nodes)
  const term = podInfoOf(pod('t', apart('topology.kubernetes.io/zone'))).requiredAntiAffinity[0]
  assert.ok(term)
  const live = new Map<string, Pod>()
  for (let i = 0; i < 500; i++) {
    const name = `p${Math.floor(random.next() * 60)}`
    if (live.delete(name)) cache.removePod(name)
    else {
      const created = on(name, `n${Math.floor(random.next() * 20)}`, { app: random.next() < 0.5 ? 'a' : 'b' })
      live.set(name, created)
      cache.setPod(created)
    }
    if (i % 50 === 0) cache.setNode(node(`n${i % 20}`, zone(`z${i % 4}`)))
    const expected = new Map<string, number>()
    for (const p of live.values()) {
      const z = cache.node(p.spec.nodeName ?? '')?.labels['topology.kubernetes.io/zone'] ?? ''
      if (p.metadata.labels?.app === 'a') expected.set(z, (expected.get(z) ?? 0) + 1)
    }
    assert.deepEqual(new Map(cache.topology.matching(term, true)), expected)
  }
})

test('room that is being made for one pod is not given to the next', () => {
  const low = (name: string): Pod => on(name, 'n1', {}, { ...asking('2'), priority: 1 })
  const cache = cacheOf([node('n1')], [low('x'), low('y')])
  const first = podInfoOf(pod('first', { ...asking('2'), priority: 5 }))
  cache.nominate(first, 'n1')
  const cycle = new Cycle(podInfoOf(pod('second', { ...asking('2'), priority: 5 })), cache)
  const found = findNodes(cycle, plugins, 0)
  assert.ok(!('nodes' in found))
  const outcome = preempt(cycle, found, plugins, [])
  assert.ok('candidate' in outcome)
  assert.deepEqual(
    outcome.candidate.victims.map(({ uid }) => uid),
    ['x', 'y'],
  )
})
