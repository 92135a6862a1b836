import assert from 'node:assert/strict'
import test from 'node:test'
import {
  persistentVolumeClaims,
  persistentVolumes,
  startCluster,
  statefulSets,
  storageClasses,
  type Cluster,
} from '../../src/testing/index.ts'

const statefulSet = (replicas: number, retention?: object): object => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db', namespace: 'default' },
  spec: {
    replicas,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    ...retention,
    template: {
      metadata: { labels: { app: 'db' } },
      spec: { containers: [{ name: 'c', image: 'db', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
  },
})

async function ready(cluster: Cluster, replicas: number): Promise<void> {
  await cluster.until(async () => {
    const { status } = await cluster.client(statefulSets).get('default/db')
    return (status?.readyReplicas ?? 0) === replicas && (status?.replicas ?? 0) === replicas
  })
}

/** Each claim with its phase and the uid of its volume. */
async function claims(cluster: Cluster): Promise<Record<string, string>> {
  const [{ items }, volumes] = await Promise.all([
    cluster.client(persistentVolumeClaims).list({ namespace: 'default' }),
    cluster.client(persistentVolumes).list(),
  ])
  const uids = new Map(volumes.items.map(({ metadata }) => [metadata.name, metadata.uid]))
  return Object.fromEntries(
    items.map(({ metadata, spec, status }) => [metadata.name, `${status?.phase} ${uids.get(spec.volumeName)}`]),
  )
}

test('claims of a StatefulSet that name no class are bound on the nodes of its pods, and outlive scaling down and up', async () => {
  await using cluster = await startCluster({ time: 'virtual', nodes: 3 })
  await cluster.apply(statefulSet(3) as never)
  await ready(cluster, 3)
  const first = await claims(cluster)
  assert.deepEqual(Object.keys(first), ['data-db-0', 'data-db-1', 'data-db-2'])
  for (const state of Object.values(first)) assert.match(state, /^Bound \w/)
  const { items } = await cluster.client(persistentVolumes).list()
  for (const { spec } of items) {
    assert.equal(spec.storageClassName, 'standard')
    assert.deepEqual(spec.capacity, { storage: '1Gi' })
    assert.match(
      JSON.stringify(spec.nodeAffinity),
      /"kubernetes\.io\/hostname","operator":"In","values":\["node-[123]"\]/,
    )
  }

  await cluster.client(statefulSets).patch('default/db', 'merge', { spec: { replicas: 1 } })
  await ready(cluster, 1)
  assert.deepEqual(await claims(cluster), first)
  await cluster.client(statefulSets).patch('default/db', 'merge', { spec: { replicas: 3 } })
  await ready(cluster, 3)
  assert.deepEqual(await claims(cluster), first)
})

test('persistentVolumeClaimRetentionPolicy Delete takes claims away with their pods, and their volumes after them', async () => {
  await using cluster = await startCluster({ time: 'virtual', nodes: 1 })
  const persistentVolumeClaimRetentionPolicy = { whenScaled: 'Delete', whenDeleted: 'Delete' }
  await cluster.apply(statefulSet(2, { persistentVolumeClaimRetentionPolicy }) as never)
  await ready(cluster, 2)
  await cluster.client(statefulSets).patch('default/db', 'merge', { spec: { replicas: 1 } })
  const left = async (count: number): Promise<boolean> =>
    Object.keys(await claims(cluster)).length === count &&
    (await cluster.client(persistentVolumes).list()).items.length === count
  await cluster.until(() => left(1))
  assert.deepEqual(Object.keys(await claims(cluster)), ['data-db-0'])
  await cluster.client(statefulSets).delete('default/db')
  await cluster.until(() => left(0))
})

test('the class standard is the default, and an administrator may change and delete it', async () => {
  await using cluster = await startCluster({ time: 'virtual' })
  const standard = await cluster.client(storageClasses).get('standard')
  assert.equal(standard.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'], 'true')
  assert.deepEqual(
    [standard.provisioner, standard.reclaimPolicy, standard.volumeBindingMode],
    ['skiff.dev/local', 'Delete', 'WaitForFirstConsumer'],
  )
})
