import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasReason } from '../apimachinery/status.ts'
import { TransportError } from '../client/index.ts'
import { configMaps, deployments, pods, startCluster } from './index.ts'

const map = (name: string) => ({ metadata: { name, namespace: 'default' } })

describe('faults', () => {
  it('fail requests as told, so often as told', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    cluster.faults.inject({ request: 'POST /api/v1/namespaces/default/configmaps', times: 1, as: 'TooManyRequests' })
    await assert.rejects(cluster.client(configMaps).create(map('a')), (error) => hasReason(error, 'TooManyRequests'))
    const heal = cluster.faults.inject({ request: /configmaps/, user: 'kubernetes-admin', as: 'connection refused' })
    await assert.rejects(cluster.client(configMaps).create(map('a')), TransportError)
    heal()
    await cluster.client(configMaps).create(map('a'))
  })

  it('lose the answer to a request that was carried out', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    cluster.faults.inject({ request: 'POST', times: 1, as: 'lost answer' })
    await assert.rejects(cluster.client(configMaps).create(map('a')), TransportError)
    assert.equal((await cluster.client(configMaps).get('default/a')).metadata.name, 'a')
  })

  it('fail writes of the store: nothing is changed, and the client is told', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    cluster.faults.failWrites({ key: '/registry/configmaps/default/', times: 1 })
    await assert.rejects(cluster.client(configMaps).create(map('a')), /no space left on device/)
    await assert.rejects(cluster.client(configMaps).get('default/a'), (error) => hasReason(error, 'NotFound'))
    await cluster.client(configMaps).create(map('a'))
  })

  it('cannot keep controllers from what they are for', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 2 })
    const { faults } = cluster
    const controller = 'system:serviceaccount:kube-system:replicaset-controller'
    for (const as of ['lost answer', 'InternalError', 'connection refused', 'lost answer'] as const) {
      faults.inject({ request: 'POST /api/v1/namespaces/default/pods', user: controller, times: 2, as })
    }
    faults.inject({ request: 'POST', user: 'system:kube-scheduler', times: 3, as: 'lost answer' })
    faults.failWrites({ key: '/registry/replicasets/', times: 2 })
    const labels = { app: 'web' }
    await cluster.client(deployments).create({
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 10,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'app:v1' }] } },
      },
    })
    for (let i = 0; i < 5; i++) {
      await cluster.advance(7)
      faults.cutWatches()
    }
    await cluster.until(
      async () => (await cluster.client(deployments).get('default/web')).status?.readyReplicas === 10,
      {
        within: '1h',
      },
    )
    assert.equal((await cluster.client(pods).list({ namespace: 'default' })).items.length, 10)
  })
})
