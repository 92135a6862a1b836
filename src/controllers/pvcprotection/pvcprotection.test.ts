import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/generated/types/core/v1.ts'
import { persistentVolumeClaims, persistentVolumes, pods } from '../../api/index.ts'
import { pvProtectionController } from '../pvprotection/controller.ts'
import { startBench } from '../testing/bench.suite.ts'
import { pvcProtectionController } from './controller.ts'

const claim: PersistentVolumeClaim = {
  metadata: { name: 'data', namespace: 'default', finalizers: ['kubernetes.io/pvc-protection'] },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}
const pod: Pod = {
  metadata: { name: 'p', namespace: 'default' },
  spec: {
    nodeName: 'n',
    containers: [{ name: 'c', image: 'i' }],
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
  },
}

it('a claim goes when the last pod that uses it has gone', async () => {
  const bench = await startBench([pvcProtectionController])
  await bench.client(persistentVolumeClaims).create(claim)
  await bench.client(pods).create(pod)
  await bench.client(persistentVolumeClaims).delete(claim)
  await bench.settle()
  const left = async () => (await bench.client(persistentVolumeClaims).list()).items.length
  assert.equal(await left(), 1)
  await bench.client(pods).delete(pod, { gracePeriodSeconds: 0 })
  await bench.settle()
  assert.equal(await left(), 0)
  await bench.stop()
})

it('a volume goes when it is not bound', async () => {
  const bench = await startBench([pvProtectionController])
  const volume: PersistentVolume = {
    metadata: { name: 'v', finalizers: ['kubernetes.io/pv-protection'] },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/tmp/v' } },
  }
  const made = await bench.client(persistentVolumes).create(volume)
  await bench.client(persistentVolumes).updateStatus({ ...made, status: { phase: 'Bound' } })
  await bench.client(persistentVolumes).delete(volume)
  await bench.settle()
  const now = await bench.client(persistentVolumes).get('v')
  await bench.client(persistentVolumes).updateStatus({ ...now, status: { phase: 'Released' } })
  await bench.settle()
  assert.equal((await bench.client(persistentVolumes).list()).items.length, 0)
  await bench.stop()
})
