import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Deployment } from '../../src/api/generated/types/apps/v1.ts'
import { hasReason } from '../../src/apimachinery/status.ts'
import { deployments, nodes, pods, startCluster, type Cluster } from '../../src/testing/index.ts'
import { deployment } from './objects.ts'

const evict = (cluster: Cluster, name = '') =>
  cluster.client(pods).createSubresource(`default/${name}`, 'eviction', {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: 'default' },
  })

describe('eviction', () => {
  it('drains a node no faster than the disruption budget allows', async () => {
    await using cluster = await startCluster({
      time: 'virtual',
      nodes: 2,
      script: { pod: () => ({ containers: { main: { readyAfterMs: 4000 } } }) },
    })
    const web = deployment('web', 4)
    const [main] = web.spec?.template.spec?.containers ?? []
    if (main) main.readinessProbe = { httpGet: { port: 80 } }
    await cluster.client(deployments).create(web)
    await cluster.apply(`
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
`)
    await cluster.until(async () => (await cluster.client(deployments).get('default/web')).status?.readyReplicas === 4)
    await cluster.advance('1s')
    await cluster.client(nodes).patch('node-1', 'merge', { spec: { unschedulable: true } })
    const before = cluster.store.revision
    let refused = 0
    for (let round = 0; round < 100; round++) {
      const { items } = await cluster.client(pods).list({ namespace: 'default', fieldSelector: 'spec.nodeName=node-1' })
      const [next] = items.filter(({ metadata }) => !metadata.deletionTimestamp)
      if (!next) break
      try {
        await evict(cluster, next.metadata.name)
      } catch (error) {
        assert.ok(hasReason(error, 'TooManyRequests'), String(error))
        assert.match(String(error), /Cannot evict pod as it would violate the pod's disruption budget\./)
        refused++
        await cluster.advance('1s')
      }
    }
    assert.ok(refused > 0)
    for (const { revision, key, object } of await cluster.history()) {
      if (revision <= before || key !== '/registry/deployments/default/web') continue
      const { status } = object as Deployment
      assert.ok((status?.availableReplicas ?? 0) >= 3, `${status?.availableReplicas} available at ${revision}`)
    }
    await cluster.until(async () => {
      const { items } = await cluster.client(pods).list({ namespace: 'default' })
      return items.length === 4 && items.every(({ spec }) => spec.nodeName === 'node-2')
    })
  })
})
