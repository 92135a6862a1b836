import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../pod/spec.ts'
import { testPod } from '../testing/objects.ts'
import {
  evictionMessage,
  firstToEvict,
  isStorageLimited,
  pressureRefusal,
  shortages,
  storageExcess,
  type NodeSignals,
  type Shortage,
} from './plan.ts'

const MiB = 1024 ** 2
const enough: NodeSignals = {
  memoryAvailableBytes: 1024 * MiB,
  memoryCapacityBytes: 4096 * MiB,
  diskAvailableBytes: 50,
  diskCapacityBytes: 100,
  inodesFree: 50,
  inodes: 100,
}

test('the hard thresholds', () => {
  const short = (more: Partial<NodeSignals>): string[] =>
    shortages({ ...enough, ...more }).map(({ resource }) => resource)
  assert.deepEqual(short({}), [])
  assert.deepEqual(short({ memoryAvailableBytes: 99 * MiB }), ['memory'])
  assert.deepEqual(short({ diskAvailableBytes: 9 }), ['ephemeral-storage'])
  assert.deepEqual(short({ inodesFree: 4 }), ['inodes'])
  assert.deepEqual(short({ inodes: 0, inodesFree: 0 }), [], 'some file systems count no inodes')
})

const memory: Shortage = { resource: 'memory', available: 50 * MiB, threshold: 100 * MiB }
const named = (name: string, priority: number, request?: string): Pod =>
  testPod(
    { priority, containers: [{ name: 'app', ...(request && { resources: { requests: { memory: request } } }) }] },
    { metadata: { name, uid: name, namespace: 'default' } },
  )

test('who goes first: who uses more than was asked for, of lower priority, by most', () => {
  const usage: Record<string, number> = {
    modest: 90 * MiB,
    greedy: 300 * MiB,
    greedier: 900 * MiB,
    precious: 2000 * MiB,
  }
  const first = (pods: Pod[]): string | undefined =>
    firstToEvict(pods, memory, ({ metadata }) => usage[metadata.name ?? ''] ?? 0)?.metadata.name
  const [modest, greedy, greedier, precious] = [
    named('modest', 0, '100Mi'),
    named('greedy', 0, '200Mi'),
    named('greedier', 0),
    named('precious', 10),
  ] as [Pod, Pod, Pod, Pod]
  assert.equal(first([modest, greedy, greedier, precious]), 'greedier')
  assert.equal(first([modest, greedy, precious]), 'greedy')
  assert.equal(first([modest, precious]), 'precious')
  assert.equal(first([modest]), 'modest')
  assert.equal(first([named('system', 2_000_001_000)]), undefined)
})

test('an evicted pod is told why', () => {
  assert.equal(
    evictionMessage(named('greedy', 0, '200Mi'), memory, new Map([['app', 300 * MiB]])),
    'The node was low on resource: memory. Threshold quantity: 102400Ki, available: 51200Ki. Container app was using 307200Ki, request is 204800Ki, has larger consumption of memory. ',
  )
})

test('who may start under pressure', () => {
  const refused = (pod: Pod, pressure: { memory: boolean; disk: boolean }): string | undefined =>
    pressureRefusal(pod, pressure)?.message
  const [bestEffort, burstable, critical] = [named('a', 0), named('b', 0, '1Mi'), named('c', 2_000_000_000)] as [
    Pod,
    Pod,
    Pod,
  ]
  assert.equal(refused(bestEffort, { memory: true, disk: false }), 'The node had condition: [MemoryPressure]. ')
  assert.equal(refused(burstable, { memory: true, disk: false }), undefined)
  assert.equal(refused(burstable, { memory: false, disk: true }), 'The node had condition: [DiskPressure]. ')
  assert.equal(refused(critical, { memory: true, disk: true }), undefined)
})

const limitedPod = testPod({
  volumes: [
    { name: 'a', emptyDir: { sizeLimit: '1Mi' } },
    { name: 'b', emptyDir: {} },
    { name: 'c', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  ],
  containers: [
    { name: 'app', resources: { limits: { 'ephemeral-storage': '4Mi' } } },
    { name: 'side', resources: { limits: { 'ephemeral-storage': '2Mi' } } },
  ],
})

test('only pods are measured whose storage is limited', () => {
  assert.equal(isStorageLimited(limitedPod), true)
  assert.equal(isStorageLimited(testPod({ volumes: [{ name: 'b', emptyDir: {} }] })), false)
  assert.equal(isStorageLimited(testPod({ volumes: [{ name: 'a', emptyDir: { sizeLimit: '1Mi' } }] })), true)
  assert.equal(isStorageLimited({ ...limitedPod, status: { phase: 'Failed' } }), false)
  assert.equal(isStorageLimited(testPod({ ...limitedPod.spec, priority: 2_000_000_000 })), false)
})

test('a pod that holds more than its volume, it or a container may is told so', () => {
  const excess = (volumes: Record<string, number>, containers: Record<string, number>): string | undefined =>
    storageExcess(limitedPod, {
      volumes: new Map(Object.entries(volumes)),
      containers: new Map(Object.entries(containers)),
    })
  assert.equal(excess({ a: MiB, b: 2 * MiB }, { app: MiB, side: MiB }), undefined)
  assert.equal(excess({ a: MiB + 1 }, {}), 'Usage of EmptyDir volume "a" exceeds the limit "1Mi". ')
  assert.equal(
    excess({ b: 4 * MiB }, { app: 2 * MiB, side: 1 }),
    'Pod ephemeral local storage usage exceeds the total limit of containers 6Mi. ',
  )
  assert.equal(excess({}, { side: 3 * MiB }), 'Container side exceeded its local ephemeral storage limit "2Mi". ')
})
