import assert from 'node:assert/strict'
import test from 'node:test'
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
