import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { persistentVolumes, startCluster } from '../../src/testing/index.ts'

const MANIFESTS = readFileSync(new URL('../../examples/join/volumes.yaml', import.meta.url), 'utf8')

const volume = (uid: string, { node = 'a', host = 'a', source = { local: { path: '/v' } } as object } = {}) => ({
  metadata: { name: `pvc-${uid}`, annotations: { 'skiff.dev/node': node } },
  spec: {
    accessModes: ['ReadWriteOnce' as const],
    capacity: { storage: '1Gi' },
    claimRef: { namespace: 'default', name: 'c', uid },
    ...source,
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [host] }] }],
      },
    },
  },
})

test('a node apart may make and remove volumes of its own, if an administrator says so, and no others', async () => {
  await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
  const as = (name: string) =>
    cluster.clientAs({ name: `system:node:${name}`, groups: ['system:nodes'] })(persistentVolumes)
  await assert.rejects(as('a').create(volume('1') as never), /cannot create resource "persistentvolumes"/)
  await cluster.apply(MANIFESTS)
  await cluster.until(() =>
    as('b')
      .create(volume('1', { node: 'a' }) as never, { dryRun: true })
      .then(
        () => false,
        (error: Error) => error.message.includes('of its own alone'),
      ),
  )
  await as('a').create(volume('1') as never)
  await assert.rejects(as('a').create(volume('2', { host: 'b' }) as never), /that it alone can reach/)
  const everything = { hostPath: { path: '/' } }
  await assert.rejects(as('a').create(volume('3', { source: everything }) as never), /that it alone can reach/)
  await assert.rejects(as('b').delete('pvc-1'), /its own volumes alone/)
  await as('a').delete('pvc-1')
})
