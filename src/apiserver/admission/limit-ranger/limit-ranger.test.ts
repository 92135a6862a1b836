import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'

const PODS = '/api/v1/namespaces/default/pods'

async function withLimits(...limits: object[]): Promise<GuardedServer> {
  const server = await GuardedServer.start()
  await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  await server.create('/api/v1/namespaces/default/limitranges', { metadata: { name: 'l' }, spec: { limits } })
  return server
}

const pod = (...containers: object[]): object => ({
  metadata: { name: 'p' },
  spec: { containers: containers.map((resources, index) => ({ name: `c${index}`, image: 'i', resources })) },
})

test('containers that ask for nothing get the defaults, and the pod says so', async () => {
  const server = await withLimits({
    type: 'Container',
    default: { cpu: '200m', memory: '1Gi' },
    defaultRequest: { cpu: '100m' },
  })
  const made = await server.create<Pod>(PODS, pod({}, { requests: { cpu: '50m' }, limits: { cpu: '1' } }))
  assert.deepEqual(
    made.spec.containers.map(({ resources }) => resources),
    [
      { limits: { cpu: '200m', memory: '1Gi' }, requests: { cpu: '100m', memory: '1Gi' } },
      { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '50m', memory: '1Gi' } },
    ],
  )
  assert.equal(
    made.metadata.annotations?.['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu, memory request for container c0; cpu, memory limit for container c0; memory request for container c1; memory limit for container c1',
  )
})

test('what is out of bounds is refused', async (t) => {
  const cases: readonly [string, object, readonly object[], string][] = [
    [
      'below the minimum',
      { type: 'Container', min: { cpu: '100m' }, defaultRequest: { cpu: '100m' }, default: { cpu: '1' } },
      [{ requests: { cpu: '50m' } }],
      'minimum cpu usage per Container is 100m, but request is 50m',
    ],
    [
      'above the maximum',
      { type: 'Container', max: { memory: '1Gi' } },
      [{ limits: { memory: '2Gi' }, requests: { memory: '2Gi' } }],
      'maximum memory usage per Container is 1Gi, but limit is 2Gi',
    ],
    [
      'above the ratio',
      { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      [{ requests: { cpu: '100m' }, limits: { cpu: '300m' } }],
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    ],
    [
      'a pod as a whole',
      { type: 'Pod', max: { cpu: '1' } },
      [{ limits: { cpu: '600m' } }, { limits: { cpu: '600m' } }],
      'maximum cpu usage per Pod is 1, but limit is 1200m',
    ],
    [
      'a pod that leaves it open',
      { type: 'Pod', max: { cpu: '1' } },
      [{ limits: { memory: '1Gi' } }, {}],
      'maximum cpu usage per Pod is 1.  No limit is specified',
    ],
  ]
  for (const [name, limit, containers, message] of cases) {
    await t.test(name, async () => {
      const server = await withLimits(limit)
      assert.equal(await server.refused(403, 'POST', PODS, pod(...containers)), `pods "p" is forbidden: ${message}`)
    })
  }
})

test('claims are held to the storage they may ask for', async () => {
  const server = await withLimits({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } })
  const claim = (storage: string): object => ({
    metadata: { name: storage.toLowerCase() },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
  })
  const path = '/api/v1/namespaces/default/persistentvolumeclaims'
  await server.create(path, claim('2Gi'))
  assert.match(
    await server.refused(403, 'POST', path, claim('3Gi')),
    /maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi/,
  )
  assert.match(
    await server.refused(403, 'POST', path, claim('1Mi')),
    /minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi/,
  )
})
