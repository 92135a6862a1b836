import assert from 'node:assert/strict'
import test from 'node:test'
import { deployments, nodes, pods } from '../../src/api/index.ts'
import type { Deployment } from '../../src/api/generated/types/apps/v1.ts'
import type { Node } from '../../src/api/generated/types/core/v1.ts'
import { startCluster } from '../../src/testing/index.ts'

function node(name: string): Node {
  const resources = { cpu: '32', memory: '256Gi', pods: '110' }
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    spec: {},
    status: { capacity: resources, allocatable: resources },
  }
}

function deployment(name: string, replicas: number): Deployment {
  const labels = { app: name }
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'app:v1' }] } },
    },
  }
}

test('the pods of a Deployment are created and spread over the nodes', async () => {
  await using cluster = await startCluster({ time: 'virtual' })
  for (let i = 0; i < 4; i++) {
    await cluster.client(nodes).create(node(`n${i}`))
    await cluster.client(nodes).updateStatus({ ...(await cluster.client(nodes).get(`n${i}`)), status: node('').status })
  }
  await cluster.client(deployments).create(deployment('web', 20))
  await cluster.settled()
  const all = await cluster.client(pods).list({ namespace: 'default' })
  const perNode = Map.groupBy(all.items, (pod) => pod.spec.nodeName)
  assert.deepEqual(
    [...perNode]
      .map(([name, list]): [string, number] => [name ?? '', list.length])
      .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    [
      ['n0', 5],
      ['n1', 5],
      ['n2', 5],
      ['n3', 5],
    ],
  )
})

test('a ReplicaSet whose pods change while it creates them makes no more than it should', async () => {
  await using cluster = await startCluster()
  for (let i = 0; i < 4; i++) {
    await cluster.client(nodes).create(node(`n${i}`))
    await cluster.client(nodes).updateStatus({ ...(await cluster.client(nodes).get(`n${i}`)), status: node('').status })
  }
  await cluster.client(deployments).create(deployment('web', 200))
  await cluster.settled()
  const all = await cluster.client(pods).list({ namespace: 'default' })
  assert.equal(all.items.length, 200)
})
