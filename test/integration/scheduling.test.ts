import assert from 'node:assert/strict'
import test from 'node:test'
import { priorityClasses } from '../../src/api/scheduling/v1/priorityclass.ts'
import type { Frozen } from '../../src/apimachinery/meta.ts'
import type { NodeStatus, Pod } from '../../src/api/generated/types/core/v1.ts'
import { deployments, events, nodes, pods, startCluster } from '../../src/testing/index.ts'
import { deployment, pod } from './objects.ts'

test('the pods of a Deployment are spread over the nodes and become ready', async () => {
  await using cluster = await startCluster({ time: 'virtual', nodes: 4 })
  await cluster.client(deployments).create(deployment('web', 20))
  await cluster.until(async () => (await cluster.client(deployments).get('default/web')).status?.readyReplicas === 20)
  const all = await cluster.client(pods).list({ namespace: 'default' })
  const perNode = Map.groupBy(all.items, ({ spec }) => spec.nodeName ?? '')
  const counts = [...perNode].map(([name, list]): [string, number] => [name, list.length])
  assert.deepEqual(Object.fromEntries(counts), { 'node-1': 5, 'node-2': 5, 'node-3': 5, 'node-4': 5 })
})

test('a ReplicaSet whose pods change while it creates them makes no more than it should', async () => {
  await using cluster = await startCluster({ nodes: 4 })
  await cluster.client(deployments).create(deployment('web', 200))
  await cluster.until(async () => (await cluster.client(deployments).get('default/web')).status?.readyReplicas === 200)
  const all = await cluster.client(pods).list({ namespace: 'default' })
  assert.equal(all.items.length, 200)
})

test('a pod that fits nowhere says why, and is scheduled as soon as it fits', async () => {
  await using cluster = await startCluster({
    time: 'virtual',
    nodes: [{ cpus: 2 }, { cpus: 2, labels: { disk: 'ssd' } }, { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }],
  })
  await cluster.client(pods).create(
    pod('big', {
      nodeSelector: { disk: 'ssd' },
      containers: [{ name: 'main', image: 'app:v1', resources: { requests: { cpu: '4' } } }],
    }),
  )
  const failed = await cluster.until(async () => {
    const { items } = await cluster.client(events).list({ namespace: 'default' })
    return items.find(({ reason }) => reason === 'FailedScheduling')
  })
  assert.equal(
    failed.message,
    "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s). " +
      'no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
  )
  const name = await cluster.nodes.add({ cpus: 8, labels: { disk: 'ssd' } })
  const { spec } = await cluster.until(async () => {
    const found = await cluster.client(pods).get('default/big')
    return found.status?.phase === 'Running' && found
  })
  assert.equal(spec.nodeName, name)
})

test('a cordoned node gets no pods', async () => {
  await using cluster = await startCluster({ time: 'virtual', nodes: 2 })
  await cluster.client(nodes).patch('node-1', 'merge', { spec: { unschedulable: true } })
  await cluster.client(deployments).create(deployment('web', 4))
  await cluster.until(async () => (await cluster.client(deployments).get('default/web')).status?.readyReplicas === 4)
  const { items } = await cluster.client(pods).list({ namespace: 'default' })
  assert.deepEqual([...new Set(items.map(({ spec }) => spec.nodeName))], ['node-2'])
})

test('pods whose room goes to one that matters more look for another', async () => {
  const slow = { '*': { stopMs: 20_000 } }
  await using cluster = await startCluster({
    time: 'virtual',
    nodes: [{ cpus: 4 }],
    script: { pod: ({ name }) => (name.startsWith('low') ? { containers: slow } : undefined) },
  })
  for (const [name, value] of [
    ['medium', 100],
    ['high', 1000],
  ] as const)
    await cluster.client(priorityClasses).create({ metadata: { name }, value })
  const asking = { containers: [{ name: 'main', image: 'app:v1', resources: { requests: { cpu: '900m' } } }] }
  const create = (name: string, priorityClassName?: string): Promise<unknown> =>
    cluster.client(pods).create(pod(name, { ...asking, ...(priorityClassName !== undefined && { priorityClassName }) }))
  const list = async (prefix: string): Promise<Pod[]> =>
    (await cluster.client(pods).list({ namespace: 'default' })).items.filter(({ metadata }) =>
      metadata.name?.startsWith(prefix),
    ) as Pod[]
  const running = async (prefix: string): Promise<number> =>
    (await list(prefix)).filter(({ status }) => status?.phase === 'Running').length
  for (let i = 0; i < 4; i++) await create(`low-${i}`)
  await cluster.until(async () => (await running('low')) === 4)
  for (let i = 0; i < 4; i++) await create(`medium-${i}`, 'medium')
  await cluster.until(async () => (await list('medium')).every(({ status }) => status?.nominatedNodeName === 'node-1'))
  for (let i = 0; i < 2; i++) await create(`high-${i}`, 'high')
  await cluster.until(async () => (await running('high')) === 2 && (await running('medium')) === 2)
  const waiting = await cluster.until(async () => {
    const left = (await list('medium')).filter(({ spec }) => !spec.nodeName)
    return left.every(({ status }) => status?.nominatedNodeName === undefined) && left
  })
  assert.equal(waiting.length, 2)
})

test('what is added to the capacity of a node can be allocated, until it is taken away', async () => {
  await using cluster = await startCluster({ time: 'virtual', nodes: 1 })
  const change = (capacity: Record<string, string | null>): Promise<unknown> =>
    cluster.client(nodes).patch('node-1', 'merge', { status: { capacity } }, { subresource: 'status' })
  const status = async (): Promise<Frozen<NodeStatus>> => (await cluster.client(nodes).get('node-1')).status ?? {}
  const { allocatable: first } = await status()
  await change({ 'example.com/boat': '3', cpu: '1000' })
  await cluster.until(async () => (await status()).allocatable?.['example.com/boat'] === '3')
  const resources = { requests: { 'example.com/boat': '2' }, limits: { 'example.com/boat': '2' } }
  await cluster.client(pods).create(pod('sailor', { containers: [{ name: 'main', image: 'app:v1', resources }] }))
  await cluster.until(async () => (await cluster.client(pods).get('default/sailor')).status?.phase === 'Running')
  await change({ 'example.com/boat': null })
  await cluster.until(async () => (await status()).allocatable?.['example.com/boat'] === undefined)
  const { capacity, allocatable } = await status()
  assert.deepEqual(allocatable, first)
  assert.equal(capacity?.cpu, first?.cpu)
  assert.equal(capacity?.['example.com/boat'], undefined)
})
