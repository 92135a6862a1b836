import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { PersistentVolumeClaim } from '../../api/generated/types/core/v1.ts'
import { persistentVolumeClaims, volumeAttributesClasses } from '../../api/index.ts'
import { startBench } from '../testing/bench.suite.ts'
import { vacProtectionController } from './controller.ts'

it('a class goes when no claim uses it any more', async () => {
  const bench = await startBench([vacProtectionController])
  const classes = bench.client(volumeAttributesClasses)
  const made = { metadata: { name: 'fast', finalizers: [] }, driverName: 'csi.example.com', parameters: { iops: '9' } }
  await classes.create(made)
  await bench.settle()
  assert.deepEqual((await classes.get('fast')).metadata.finalizers, ['kubernetes.io/vac-protection'])
  const claim: PersistentVolumeClaim = {
    metadata: { name: 'data', namespace: 'default' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      volumeAttributesClassName: 'fast',
    },
  }
  await bench.client(persistentVolumeClaims).create(claim)
  await bench.settle()
  await classes.delete('fast')
  await bench.settle()
  assert.equal((await classes.list()).items.length, 1)
  await bench.client(persistentVolumeClaims).delete(claim)
  await bench.settle()
  assert.equal((await classes.list()).items.length, 0)
  await bench.stop()
})
