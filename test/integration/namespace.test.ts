import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasReason } from '../../src/apimachinery/status.ts'
import { configMaps, deployments, namespaces, secrets, serviceAccounts, startCluster } from '../../src/testing/index.ts'
import { deployment } from './objects.ts'

const gone = (error: unknown): boolean => hasReason(error, 'NotFound')

describe('a namespace', () => {
  it('goes with everything in it, pods with their grace', async () => {
    await using cluster = await startCluster({
      time: 'virtual',
      script: { pod: () => ({ containers: { main: { stopMs: 10_000 } } }) },
    })
    await cluster.client(namespaces).create({ metadata: { name: 'team' }, spec: {} })
    await cluster.until(() => cluster.client(serviceAccounts).get('team/default'))
    const web = deployment('web', 3)
    await cluster.client(deployments).create({ ...web, metadata: { name: 'web', namespace: 'team' } })
    await cluster.client(secrets).create({ metadata: { name: 'key', namespace: 'team' } })
    await cluster.until(async () => (await cluster.client(deployments).get('team/web')).status?.readyReplicas === 3)
    const began = cluster.now()
    await cluster.client(namespaces).delete('team')
    await cluster.until(async () =>
      (await cluster.client(namespaces).list()).items.every(({ metadata }) => metadata.name !== 'team'),
    )
    assert.ok(cluster.now() - began >= 10_000)
    const left = (await cluster.store.range('/registry/')).entries.filter(({ key }) => key.split('/')[3] === 'team')
    assert.deepEqual(
      left.map(({ key }) => key).filter((key) => !key.startsWith('/registry/events/')),
      [],
    )
  })
  it('waits for what has a finalizer, says so, and takes nothing new meanwhile', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    await cluster.client(namespaces).create({ metadata: { name: 'team' }, spec: {} })
    const held = { metadata: { name: 'held', namespace: 'team', finalizers: ['example.dev/hold'] } }
    await cluster.client(configMaps).create(held)
    await cluster.client(namespaces).delete('team')
    await cluster.advance('1m')
    const { status } = await cluster.client(namespaces).get('team')
    assert.equal(status?.phase, 'Terminating')
    const remaining = status?.conditions?.find(({ type }) => type === 'NamespaceFinalizersRemaining')
    assert.equal(
      remaining?.message,
      'Some content in the namespace has finalizers remaining: example.dev/hold in 1 resource instances',
    )
    await assert.rejects(
      cluster.client(configMaps).create({ metadata: { name: 'late', namespace: 'team' } }),
      /configmaps "late" is forbidden: unable to create new content in namespace team because it is being terminated/,
    )
    await cluster.client(configMaps).patch('team/held', 'merge', { metadata: { finalizers: null } })
    await cluster.advance('10m')
    await assert.rejects(cluster.client(namespaces).get('team'), gone)
  })
})
