import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { cheapestToDelete } from '../pods/deletion-order.ts'
import { planReplicas, replicaStatus } from './plan.ts'

const NOW = Date.UTC(2026, 0, 1)
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString().replace('.000Z', 'Z')

interface Sketch {
  readonly node?: string
  readonly phase?: 'Pending' | 'Running' | 'Failed'
  readonly readyFor?: number
  readonly age?: number
  readonly cost?: string
  readonly restarts?: number
}

function pod(name: string, { node, phase = 'Running', readyFor, age = 100, cost, restarts = 0 }: Sketch): Pod {
  const container = { name: 'c', restartCount: restarts, ready: true, image: '', imageID: '' }
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: ago(age),
      ...(cost && { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: { containers: [], ...(node && { nodeName: node }) },
    status: {
      phase,
      containerStatuses: [container],
      ...(readyFor !== undefined && {
        conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) }],
      }),
    },
  }
}

describe('planReplicas', () => {
  it('never does both, and comes to the wanted number in steps of at most 500', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), (replicas, active) => {
        let now = active
        for (let step = 0; step < 11; step++) {
          const { create, remove } = planReplicas(replicas, now)
          assert.ok(create >= 0 && remove >= 0 && create <= 500 && remove <= 500 && create * remove === 0)
          now += create - remove
        }
        assert.equal(now, replicas)
      }),
    )
  })
})

describe('cheapestToDelete', () => {
  const ready = { node: 'n', readyFor: 1000, age: 2000 }
  const cases: [string, Sketch, Sketch][] = [
    ['one that has no node', {}, { node: 'n' }],
    ['one that is pending', { node: 'n', phase: 'Pending' }, { node: 'n' }],
    ['one that is not ready', { node: 'n' }, ready],
    ['one with a lower deletion cost', { ...ready, cost: '-5' }, { ...ready, cost: '3' }],
    ['one that has been ready for much less time', { ...ready, readyFor: 10 }, ready],
    ['one that has restarted more', { ...ready, restarts: 3 }, ready],
    ['one that is much younger', { ...ready, age: 1001 }, { ...ready, age: 90_000 }],
  ]
  for (const [name, first, other] of cases) {
    it(`chooses ${name}`, () => {
      const [a, b] = [pod('z', first), pod('a', other)]
      assert.deepEqual(cheapestToDelete([b, a], 1, [], NOW), [a])
    })
  }

  it('chooses one that shares its node with others of its kind', () => {
    const [alone, crowded, neighbour] = [
      pod('a', ready),
      pod('z', { ...ready, node: 'm' }),
      pod('y', { ...ready, node: 'm' }),
    ]
    assert.deepEqual(cheapestToDelete([alone, crowded], 1, [alone, crowded, neighbour], NOW), [crowded])
  })

  it('leaves it to the uid where times are alike', () => {
    const [a, b] = [pod('a', { ...ready, age: 2001 }), pod('b', ready)]
    assert.deepEqual(cheapestToDelete([b, a], 1, [], NOW), [a])
  })
})

describe('replicaStatus', () => {
  const owner = { generation: 4, replicas: 3, minReadySeconds: 30, templateLabels: {}, conditions: [] }

  it('counts', () => {
    const terminating = pod('t', {})
    terminating.metadata.deletionTimestamp = ago(1)
    const list = [pod('a', { readyFor: 40 }), pod('b', { readyFor: 20 }), pod('c', { phase: 'Failed' }), terminating]
    assert.deepEqual(replicaStatus(owner, list, { failure: undefined, now: NOW }), {
      replicas: 2,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 1,
      terminatingReplicas: 1,
      observedGeneration: 4,
    })
  })

  it('says when pods could not be created, and takes it back', () => {
    const failed = replicaStatus(owner, [], { failure: 'quota', now: NOW })
    const condition = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' }
    assert.deepEqual(failed.conditions, [{ ...condition, lastTransitionTime: ago(0) }])
    const healed = replicaStatus({ ...owner, conditions: failed.conditions ?? [] }, [], {
      failure: undefined,
      now: NOW,
    })
    assert.equal(healed.conditions, undefined)
  })
})
