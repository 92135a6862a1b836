import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deployments, limitRanges, pods, resourceQuotas, replicaSets, startCluster } from '../../src/testing/index.ts'
import { deployment, pod } from './objects.ts'

const small = (name: string, cpu = '100m') =>
  pod(name, { containers: [{ name: 'main', image: 'app:v1', resources: { requests: { cpu }, limits: { cpu } } }] })

describe('a ResourceQuota', () => {
  it('refuses what would exceed it, counts what is there, and lets in again what was freed', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    const hard = { pods: '2', 'requests.cpu': '1' }
    await cluster.client(resourceQuotas).create({ metadata: { name: 'team', namespace: 'default' }, spec: { hard } })
    await cluster.settled()
    await cluster.client(pods).create(small('a'))
    await assert.rejects(
      cluster.client(pods).create(small('big', '2')),
      /pods "big" is forbidden: exceeded quota: team, requested: requests.cpu=2, used: requests.cpu=100m, limited: requests.cpu=1/,
    )
    await cluster.client(pods).create(small('b'))
    await assert.rejects(
      cluster.client(pods).create(small('c')),
      /exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2/,
    )
    const { status } = await cluster.client(resourceQuotas).get('default/team')
    assert.deepEqual(status?.used, { pods: '2', 'requests.cpu': '200m' })
    await cluster.client(pods).delete('default/a')
    await cluster.advance('1m')
    await cluster.client(pods).create(small('c'))
  })

  it('keeps a ReplicaSet from its pods until there is room, and the ReplicaSet says why', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    const quota = { metadata: { name: 'team', namespace: 'default' }, spec: { hard: { pods: '1' } } }
    await cluster.client(resourceQuotas).create(quota)
    await cluster.settled()
    await cluster.client(deployments).create(deployment('web', 3))
    await cluster.advance('10s')
    const { items } = await cluster.client(replicaSets).list({ namespace: 'default' })
    const failure = items[0]?.status?.conditions?.find(({ type }) => type === 'ReplicaFailure')
    assert.match(failure?.message ?? '', /exceeded quota: team, requested: pods=1, used: pods=1, limited: pods=1/)
    await cluster.client(resourceQuotas).patch('default/team', 'merge', { spec: { hard: { pods: '3' } } })
    await cluster.until(
      async () => (await cluster.client(deployments).get('default/web')).status?.readyReplicas === 3,
      {
        within: '1h',
      },
    )
  })
})

describe('a LimitRange', () => {
  it('gives containers what they do not ask for, and refuses those that ask for too much', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    const limits = [
      { type: 'Container' as const, default: { cpu: '500m' }, defaultRequest: { cpu: '250m' }, max: { cpu: '1' } },
    ]
    await cluster.client(limitRanges).create({ metadata: { name: 'sane', namespace: 'default' }, spec: { limits } })
    await cluster.settled()
    const made = await cluster.client(pods).create(pod('a'))
    assert.deepEqual(made.spec.containers[0]?.resources, { limits: { cpu: '500m' }, requests: { cpu: '250m' } })
    await assert.rejects(
      cluster.client(pods).create(small('b', '2')),
      /pods "b" is forbidden: maximum cpu usage per Container is 1, but limit is 2/,
    )
  })
})
