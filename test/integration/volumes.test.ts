import assert from 'node:assert/strict'
import test from 'node:test'
import { persistentVolumeClaims, persistentVolumes, storageClasses } from '../../src/api/index.ts'
import { events, pods, startCluster } from '../../src/testing/index.ts'
import { pod } from './objects.ts'

const localVolume = (name: string, node: string): object => ({
  metadata: { name },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'local',
    local: { path: `/mnt/${name}` },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }],
      },
    },
  },
})

const claim = (name: string) => ({
  metadata: { name, namespace: 'default' },
  spec: {
    accessModes: ['ReadWriteOnce' as const],
    resources: { requests: { storage: '1Gi' } },
    storageClassName: 'local',
  },
})

const using = (...claims: string[]) => ({
  volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
})

test('a pod goes where the volumes for its claims are, each claim gets its own, and the next pod is told that there are none left', async () => {
  await using cluster = await startCluster({ time: 'virtual', nodes: 3 })
  await cluster.client(storageClasses).create({
    metadata: { name: 'local' },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  for (const [name, node] of [
    ['a', 'node-1'],
    ['b', 'node-2'],
    ['c', 'node-2'],
  ] as const)
    await cluster.client(persistentVolumes).create(localVolume(name, node) as never)
  for (const name of ['x', 'y', 'u', 'v']) await cluster.client(persistentVolumeClaims).create(claim(name))

  await cluster.client(pods).create(pod('two', using('x', 'y')))
  const { spec } = await cluster.until(async () => {
    const found = await cluster.client(pods).get('default/two')
    return found.status?.phase === 'Running' && found
  })
  assert.equal(spec.nodeName, 'node-2')
  const bound = await cluster.client(persistentVolumeClaims).list({ namespace: 'default' })
  const volumeOf = Object.fromEntries(
    bound.items.map((item) => [item.metadata.name, `${item.status?.phase} ${item.spec.volumeName ?? ''}`.trim()]),
  )
  assert.deepEqual(new Set([volumeOf['x'], volumeOf['y']]), new Set(['Bound b', 'Bound c']))
  assert.deepEqual([volumeOf['u'], volumeOf['v']], ['Pending', 'Pending'])

  await cluster.client(pods).create(pod('more', using('u', 'v')))
  const failed = await cluster.until(async () => {
    const { items } = await cluster.client(events).list({ namespace: 'default' })
    return items.find(({ reason, involvedObject }) => reason === 'FailedScheduling' && involvedObject?.name === 'more')
  })
  assert.match(
    failed.message ?? '',
    /^0\/3 nodes are available: 3 node\(s\) didn't find available persistent volumes to bind\./,
  )
})
