import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Deployment, ReplicaSet } from '../../api/generated/types/apps/v1.ts'
import type { IntOrString } from '../../apimachinery/intstr/intstr.ts'
import { isScalingEvent, newSetSize, planRolling, planScaling, setsBeyondHistory, type Resize } from './plan.ts'
import { findNewSet, newSetAnnotations, nextRevision, sameTemplate } from './revision.ts'
import { fenceposts, maxUnavailable, sizeAnnotations, type Set } from './sizes.ts'

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [] } }

function deployment(replicas: number, maxSurge: IntOrString = '25%', unavailable: IntOrString = '25%'): Deployment {
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: unavailable } } as const
  return { metadata: { name: 'web' }, spec: { replicas, selector: {}, template, strategy } }
}

function set(
  name: string,
  replicas: number,
  available = replicas,
  annotations: Record<string, string> = {},
): ReplicaSet {
  const day = String(name.charCodeAt(0) - 96).padStart(2, '0')
  return {
    metadata: { name, annotations, creationTimestamp: `2026-01-${day}T00:00:00Z`, generation: 1 },
    spec: { replicas, selector: {}, template },
    status: { replicas: available, availableReplicas: available, observedGeneration: 1 },
  }
}

const sizes = (steps: readonly Resize[]): Record<string, number> =>
  Object.fromEntries(steps.map((step) => [step.set.metadata.name ?? '', step.to]))

describe('fenceposts', () => {
  const cases: [number, IntOrString, IntOrString, number, number][] = [
    [10, '25%', '25%', 3, 2],
    [1, '25%', '25%', 1, 0],
    [2, 0, '1%', 0, 1],
    [0, '25%', '25%', 0, 1],
  ]
  for (const [replicas, surge, unavailable, maxSurge, most] of cases) {
    it(`of ${replicas} with ${surge} above and ${unavailable} below`, () =>
      assert.deepEqual(fenceposts(deployment(replicas, surge, unavailable)), { maxSurge, maxUnavailable: most }))
  }
})

describe('planRolling', () => {
  it('grows the new set first, by the surge', () => {
    assert.deepEqual(sizes(planRolling(deployment(10), set('b', 0), [set('a', 10)])), { b: 3 })
  })

  it('shrinks the old ones by what may be missing, when the new one cannot grow', () => {
    assert.deepEqual(sizes(planRolling(deployment(10), set('b', 3, 0), [set('a', 10)])), { a: 8 })
  })

  it('does not count on pods that a set has just been told to give up', () => {
    assert.deepEqual(sizes(planRolling(deployment(8, 2, 1), set('b', 8, 6), [set('a', 2, 3)])), { a: 1 })
  })

  it('takes unavailable old pods first, even below what availability allows', () => {
    assert.deepEqual(sizes(planRolling(deployment(10), set('c', 3, 3), [set('a', 4, 0), set('b', 6, 6)])), {
      a: 0,
      b: 5,
    })
  })

  it('shrinks a new set that is too large', () => {
    assert.deepEqual(sizes(planRolling(deployment(3), set('b', 5), [])), { b: 3 })
  })

  it('does nothing when done', () => {
    assert.deepEqual(planRolling(deployment(3), set('b', 3), [set('a', 0)]), [])
  })

  it('gets there from anywhere, within its bounds', () => {
    const bound = fc.oneof(
      fc.nat(5),
      fc.nat(100).map((percent) => `${percent}%`),
    )
    const scenario = fc.record({ replicas: fc.nat(30), surge: bound, unavailable: bound, old: fc.nat(40) })
    fc.assert(
      fc.property(scenario, ({ replicas, surge, unavailable, old }) => {
        const d = deployment(replicas, surge, unavailable)
        const most = Math.max(old, replicas + fenceposts(d).maxSurge)
        const least = Math.min(old, replicas - maxUnavailable(d))
        let [a, b] = [set('a', old), set('b', 0)]
        for (let step = 0; step < 200; step++) {
          const steps = planRolling(d, b, [a])
          if (steps.length === 0) break
          const to = sizes(steps)
          const [nextA, nextB] = [to['a'] ?? a.spec.replicas ?? 0, to['b'] ?? b.spec.replicas ?? 0]
          assert.ok(nextA + nextB <= most, `${nextA} + ${nextB} pods are more than ${most}`)
          assert.ok(nextA + (b.status?.availableReplicas ?? 0) >= least, 'too few available')
          // New pods become available before the next step.
          ;[a, b] = [set('a', nextA), set('b', nextB)]
        }
        assert.deepEqual([a.spec.replicas, b.spec.replicas], [0, replicas])
      }),
    )
  })
})

describe('planScaling', () => {
  it('gives all to the only active set, or the newest', () => {
    assert.deepEqual(sizes(planScaling(deployment(7), set('b', 5), [set('a', 0)])), { b: 7 })
    assert.deepEqual(sizes(planScaling(deployment(7), undefined, [set('a', 0), set('b', 0)])), { b: 7 })
  })

  it('drops the old ones when the new one carries everything', () => {
    const done = set('b', 5, 5, sizeAnnotations(deployment(5)))
    assert.deepEqual(sizes(planScaling(deployment(5), done, [set('a', 2)])), { a: 0 })
  })

  it('shares in proportion in the middle of a rollout', () => {
    const annotations = sizeAnnotations(deployment(10, 3, 2))
    const [a, b] = [set('a', 8, 8, annotations), set('b', 5, 0, annotations)]
    assert.equal(isScalingEvent(deployment(15, 3, 2), [a, b]), true)
    assert.deepEqual(sizes(planScaling(deployment(15, 3, 2), b, [a])), { a: 11, b: 7 })
    assert.deepEqual(sizes(planScaling(deployment(5, 3, 2), b, [a])), { a: 5, b: 3 })
    assert.deepEqual(sizes(planScaling(deployment(0, 3, 2), b, [a])), { a: 0, b: 0 })
  })

  it('always ends at the allowed size', () => {
    const scenario = fc.record({
      from: fc.integer({ min: 2, max: 50 }),
      to: fc.nat(50),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(scenario, ({ from, to, part }) => {
        const annotations = sizeAnnotations(deployment(from))
        const whole = from + fenceposts(deployment(from)).maxSurge
        const a = 1 + Math.floor(part * (whole - 2))
        const steps = planScaling(deployment(to), set('b', whole - a, 0, annotations), [set('a', a, 0, annotations)])
        const sum = steps.reduce((all, step) => all + step.to, 0)
        assert.equal(sum, to === 0 ? 0 : to + fenceposts(deployment(to)).maxSurge)
        assert.ok(steps.every((step) => step.to >= 0))
      }),
    )
  })
})

describe('revisions', () => {
  it('follow the highest of the old ones, and keep the history of what comes back', () => {
    const d: Deployment = {
      ...deployment(1),
      metadata: { name: 'web', annotations: { note: 'x', 'deployment.kubernetes.io/revision': '9' } },
    }
    const olds = [set('a', 0, 0, { 'deployment.kubernetes.io/revision': '4' })]
    assert.equal(nextRevision(olds), 5n)
    const adopted = set('b', 0, 0, { 'deployment.kubernetes.io/revision': '3546343826724305832' })
    assert.equal(nextRevision([...olds, adopted]), 3546343826724305833n)
    const existing = { 'deployment.kubernetes.io/revision': '3', 'deployment.kubernetes.io/revision-history': '1' }
    assert.deepEqual(newSetAnnotations(d, existing, 5n), {
      note: 'x',
      'deployment.kubernetes.io/revision': '5',
      'deployment.kubernetes.io/revision-history': '1,3',
    })
    assert.equal(newSetAnnotations(d, existing, 2n)['deployment.kubernetes.io/revision'], '3')
  })

  it('find the set of a template whatever its hash label', () => {
    const labels = { app: 'web', 'pod-template-hash': 'abc' }
    const hashed: ReplicaSet = {
      ...set('a', 1),
      spec: { ...set('a', 1).spec, template: { ...template, metadata: { labels } } },
    }
    assert.equal(findNewSet(deployment(1), [set('c', 1), hashed])?.metadata.name, 'a')
    const other = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c' }] } }
    assert.equal(sameTemplate(template, other), false)
  })
})

describe('setsBeyondHistory', () => {
  it('are the oldest empty ones', () => {
    const d = deployment(1)
    d.spec.revisionHistoryLimit = 1
    const list: Set[] = [set('d', 0), set('a', 0), set('b', 2), set('c', 0)]
    assert.deepEqual(
      setsBeyondHistory(d, list).map((s) => s.metadata.name),
      ['a', 'c'],
    )
  })
})

describe('newSetSize', () => {
  it('is all of it for Recreate', () => {
    const d = deployment(4)
    d.spec.strategy = { type: 'Recreate' }
    assert.equal(newSetSize(d, [set('a', 4)], 0), 4)
  })
})
