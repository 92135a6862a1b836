import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { replicasForAverage, replicasForShare, replicasForTotal, replicasForUtilization } from './replicas.ts'
import type { PodMetrics } from './usage.ts'

const NOW = Date.parse('2024-01-01T12:00:00Z')
const AGO = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString()
const TOLERANCES = { scaleUp: 0.1, scaleDown: 0.1 }

interface Shape {
  readonly request?: string
  readonly phase?: 'Running' | 'Pending' | 'Failed'
  readonly ready?: boolean
  readonly deleted?: boolean
  readonly startedAgo?: number
  readonly readyAgo?: number
}

const pod = (name: string, shape: Shape = {}): Pod => {
  const { request = '1', phase = 'Running', ready = true, deleted, startedAgo = 3600, readyAgo = 3000 } = shape
  return {
    metadata: { name, namespace: 'default', ...(deleted && { deletionTimestamp: AGO(1) }) },
    spec: { containers: [{ name: 'app', image: 'i', resources: { requests: { cpu: request, memory: '1Gi' } } }] },
    status: {
      phase,
      startTime: AGO(startedAgo),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: AGO(readyAgo) }],
    },
  }
}

const used = (usage: Record<string, number>): PodMetrics =>
  new Map(Object.entries(usage).map(([name, value]) => [name, { value, timestampMs: NOW - 10_000, windowMs: 30_000 }]))

describe('replicas for a utilization', () => {
  const cpu = { resource: 'cpu', container: '' }
  const cases: [string, number, number, Pod[], Record<string, number>, number, number][] = [
    ['more', 3, 30, [pod('a'), pod('b'), pod('c')], { a: 300, b: 500, c: 700 }, 5, 50],
    ['fewer', 5, 50, 'abcde'.split('').map((n) => pod(n)), { a: 100, b: 300, c: 500, d: 250, e: 250 }, 3, 28],
    ['within tolerance', 3, 100, [pod('a'), pod('b'), pod('c')], { a: 1010, b: 1030, c: 1020 }, 3, 102],
    [
      'a pending pod uses nothing yet',
      3,
      30,
      [pod('a'), pod('b'), pod('c', { phase: 'Pending' })],
      { a: 500, b: 700 },
      4,
      60,
    ],
    [
      'a pod without metrics uses nothing when there are to be more',
      3,
      50,
      [pod('a'), pod('b'), pod('c')],
      { a: 1000, b: 1000 },
      4,
      100,
    ],
    [
      'and its whole request when there are to be fewer',
      3,
      50,
      [pod('a'), pod('b'), pod('c')],
      { a: 100, b: 100 },
      3,
      10,
    ],
    [
      'a failed pod does not count',
      3,
      50,
      [pod('a'), pod('b'), pod('c', { phase: 'Failed' })],
      { a: 500, b: 700, c: 9 },
      3,
      60,
    ],
    [
      'nor one that is going',
      3,
      50,
      [pod('a'), pod('b'), pod('c', { deleted: true })],
      { a: 500, b: 700, c: 9 },
      3,
      60,
    ],
    [
      'one that was never ready is as pending',
      3,
      30,
      [pod('a'), pod('b'), pod('c', { ready: false, startedAgo: 3600, readyAgo: 3599 })],
      { a: 500, b: 700, c: 9000 },
      4,
      60,
    ],
    [
      'one that has just begun counts after a window of being ready',
      3,
      30,
      [pod('a'), pod('b'), pod('c', { startedAgo: 60, readyAgo: 20 })],
      { a: 500, b: 700, c: 9000 },
      4,
      60,
    ],
  ]
  for (const [name, current, target, pods, usage, replicas, utilization] of cases) {
    it(name, () => {
      const wanted = replicasForUtilization(current, target, cpu, used(usage), { pods, now: NOW }, TOLERANCES)
      assert.deepEqual([wanted.replicas, wanted.utilization], [replicas, utilization])
    })
  }

  it('says why there is no answer', () => {
    const ask = (pods: Pod[], usage: Record<string, number>, container = '') =>
      replicasForUtilization(1, 50, { resource: 'cpu', container }, used(usage), { pods, now: NOW }, TOLERANCES)
    assert.throws(() => ask([], { a: 1 }), /^Error: no pods returned by selector while calculating replica count$/)
    assert.throws(() => ask([pod('a', { phase: 'Pending' })], { a: 1 }), /did not receive metrics for targeted pods/)
    assert.throws(() => ask([pod('a')], { a: 1 }, 'other'), /container other not found in Pod a/)
    const greedy = pod('a')
    greedy.spec.containers[0] = { name: 'app', image: 'i' }
    assert.throws(() => ask([greedy], { a: 1 }), /missing request for cpu in container app of Pod a/)
  })
})

it('replicas for an average count pods that are starting, as no CPU is measured', () => {
  const pods = [pod('a'), pod('b', { startedAgo: 60, readyAgo: 20 })]
  const { replicas, usage } = replicasForAverage(
    2,
    10_000,
    '',
    used({ a: 20_000, b: 40_000 }),
    { pods, now: NOW },
    TOLERANCES,
  )
  assert.deepEqual([replicas, usage], [6, 30_000])
})

it('replicas for a whole are in proportion to the ready pods, or to one from nothing', () => {
  const pods = { pods: [pod('a'), pod('b'), pod('c', { ready: false })], now: NOW }
  assert.equal(replicasForTotal(3, 30_000, 20_000, pods, TOLERANCES).replicas, 3)
  assert.equal(replicasForTotal(3, 21_000, 20_000, pods, TOLERANCES).replicas, 3)
  assert.equal(replicasForTotal(3, 40_000, 20_000, pods, TOLERANCES).replicas, 4)
  assert.equal(replicasForTotal(0, 50_000, 20_000, pods, TOLERANCES).replicas, 3)
})

it('replicas for a share divide it, and tell the share of now', () => {
  assert.deepEqual(replicasForShare(3, 90_000, 20_000, TOLERANCES), { replicas: 5, usage: 30_000 })
  assert.deepEqual(replicasForShare(5, 98_000, 20_000, TOLERANCES), { replicas: 5, usage: 19_600 })
})

it('a value that replicas share of which none is there yet', () => {
  assert.deepEqual(replicasForShare(0, 90_000, 20_000, TOLERANCES), { replicas: 5, usage: 0 })
  assert.deepEqual(replicasForShare(0, 0, 20_000, TOLERANCES), { replicas: 0, usage: 0 })
})
