import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasReason } from '../../src/apimachinery/status.ts'
import { configMaps, deployments, pods, replicaSets, startCluster, type Cluster } from '../../src/testing/index.ts'
import { deployment } from './objects.ts'

const WEB = 'default/web'
const gone = (error: unknown): boolean => hasReason(error, 'NotFound')
const count = async (cluster: Cluster): Promise<number[]> =>
  Promise.all([
    cluster
      .client(replicaSets)
      .list({ namespace: 'default' })
      .then(({ items }) => items.length),
    cluster
      .client(pods)
      .list({ namespace: 'default' })
      .then(({ items }) => items.length),
  ])

async function withWeb(): Promise<Cluster> {
  const cluster = await startCluster({
    time: 'virtual',
    script: { pod: () => ({ containers: { main: { stopMs: 5000 } } }) },
  })
  await cluster.client(deployments).create(deployment('web', 3))
  await cluster.until(async () => (await cluster.client(deployments).get(WEB)).status?.readyReplicas === 3)
  return cluster
}

describe('the garbage collector', () => {
  it('in the background removes what a deleted object owned, and what that owned', async () => {
    await using cluster = await withWeb()
    await cluster.client(deployments).delete(WEB, { propagationPolicy: 'Background' })
    await assert.rejects(cluster.client(deployments).get(WEB), gone)
    await cluster.advance('10s')
    assert.deepEqual(await count(cluster), [0, 0])
  })

  it('in the foreground removes what is owned before the owner', async () => {
    await using cluster = await withWeb()
    await cluster.client(deployments).delete(WEB, { propagationPolicy: 'Foreground' })
    await cluster.advance('1s')
    const { metadata } = await cluster.client(deployments).get(WEB)
    assert.ok(metadata.deletionTimestamp)
    assert.deepEqual(metadata.finalizers, ['foregroundDeletion'])
    await cluster.advance('10s')
    assert.deepEqual(await count(cluster), [0, 0])
    await assert.rejects(cluster.client(deployments).get(WEB), gone)
  })

  it('leaves orphans as they are, without their owner', async () => {
    await using cluster = await withWeb()
    await cluster.client(deployments).delete(WEB, { propagationPolicy: 'Orphan' })
    await cluster.advance('1m')
    assert.deepEqual(await count(cluster), [1, 3])
    const { items } = await cluster.client(replicaSets).list({ namespace: 'default' })
    assert.equal(items[0]?.metadata.ownerReferences, undefined)
  })

  it('removes what names an owner that never was, and keeps what has another owner left', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    const { metadata: real } = await cluster
      .client(configMaps)
      .create({ metadata: { name: 'real', namespace: 'default' } })
    const owner = (name = '', uid = '') => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid })
    const owned = (name: string, ...ownerReferences: ReturnType<typeof owner>[]) =>
      cluster.client(configMaps).create({ metadata: { name, namespace: 'default', ownerReferences } })
    await owned('orphan', owner('ghost', '00000000-0000-4000-8000-000000000000'))
    await owned('kept', owner('ghost', '00000000-0000-4000-8000-000000000000'), owner(real.name, real.uid))
    await cluster.advance('1m')
    await assert.rejects(cluster.client(configMaps).get('default/orphan'), gone)
    assert.deepEqual((await cluster.client(configMaps).get('default/kept')).metadata.ownerReferences, [
      owner(real.name, real.uid),
    ])
  })

  it('knows custom resources as it knows all others', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    await cluster.apply(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.example.dev}
spec:
  group: example.dev
  names: {kind: Boat, plural: boats}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`)
    const [boat] = await cluster.apply('{apiVersion: example.dev/v1, kind: Boat, metadata: {name: skiff}}')
    const { name = '', uid = '' } = boat?.metadata ?? {}
    const ownerReferences = [{ apiVersion: 'example.dev/v1', kind: 'Boat', name, uid }]
    await cluster.client(configMaps).create({ metadata: { name: 'log', namespace: 'default', ownerReferences } })
    await cluster.advance('5m')
    await cluster.client(configMaps).get('default/log')
    const path = '/apis/example.dev/v1/namespaces/default/boats/skiff'
    assert.equal((await cluster.client.transport.request({ method: 'DELETE', path })).status, 200)
    await cluster.advance('5m')
    await assert.rejects(cluster.client(configMaps).get('default/log'), gone)
  })
})
