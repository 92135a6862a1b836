import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pods, replicaSets } from '../../api/index.ts'
import type { KubeObject, OwnerReference } from '../../apimachinery/meta.ts'
import { blockingDependents, OwnerGraph } from './graph.ts'
import { judge, type OwnerState } from './plan.ts'

const owner = (uid: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: uid,
  uid,
  ...more,
})

function object(kind: 'ReplicaSet' | 'Pod', uid: string, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  const apiVersion = kind === 'Pod' ? 'v1' : 'apps/v1'
  return { apiVersion, kind, metadata: { name: uid, uid, namespace: 'default', ...metadata } }
}

function graph() {
  const told: string[] = []
  const made = new OwnerGraph({
    attemptToDelete: (node) => told.push(`delete ${node.uid}`),
    attemptToOrphan: (node) => told.push(`orphan ${node.uid}`),
    misplacedReference: (node, reference) => told.push(`misplaced ${node.uid} ${reference.uid}`),
  })
  const saw = (seen: KubeObject): string[] => {
    told.length = 0
    made.observe(seen.kind === 'Pod' ? pods : replicaSets, seen)
    return [...told]
  }
  const lost = (uid: string): string[] => {
    told.length = 0
    made.forget(uid)
    return [...told]
  }
  return { made, saw, lost }
}

describe('OwnerGraph', () => {
  it('asks about owners that it has not seen, and about what depends on those that go', () => {
    const { saw, lost, made } = graph()
    assert.deepEqual(saw(object('Pod', 'p', { ownerReferences: [owner('rs')] })), ['delete rs'])
    assert.deepEqual(saw(object('ReplicaSet', 'rs')), [])
    assert.deepEqual(saw(object('Pod', 'q', { ownerReferences: [owner('rs')] })), [])
    assert.deepEqual(lost('rs'), ['delete p', 'delete q'])
    assert.deepEqual(lost('p'), [])
    lost('q')
    assert.equal(made.size, 0)
  })

  it('goes through dependents first when an owner is deleted in the foreground', () => {
    const { saw, lost, made } = graph()
    saw(object('ReplicaSet', 'rs'))
    saw(object('Pod', 'p', { ownerReferences: [owner('rs', { blockOwnerDeletion: true })] }))
    saw(object('Pod', 'q', { ownerReferences: [owner('rs')] }))
    const deleting = { deletionTimestamp: 'now', finalizers: ['foregroundDeletion'] }
    assert.deepEqual(saw(object('ReplicaSet', 'rs', deleting)), ['delete p', 'delete q', 'delete rs'])
    assert.deepEqual(saw(object('ReplicaSet', 'rs', { ...deleting, labels: { x: 'y' } })), [])
    const node = made.get('rs')
    assert.ok(node)
    assert.deepEqual(
      blockingDependents(node).map(({ uid }) => uid),
      ['p'],
    )
    assert.deepEqual(lost('p'), ['delete rs'])
  })

  it('looks again at a waiting owner when a dependent no longer blocks it', () => {
    const { saw } = graph()
    saw(object('ReplicaSet', 'rs', { deletionTimestamp: 'now', finalizers: ['foregroundDeletion'] }))
    saw(object('Pod', 'p', { ownerReferences: [owner('rs', { blockOwnerDeletion: true })] }))
    assert.deepEqual(saw(object('Pod', 'p', { ownerReferences: [] })), ['delete rs'])
  })

  it('sets dependents free when asked to, once', () => {
    const { saw } = graph()
    saw(object('ReplicaSet', 'rs'))
    const deleting = { deletionTimestamp: 'now', finalizers: ['orphan'] }
    assert.deepEqual(saw(object('ReplicaSet', 'rs', deleting)), ['orphan rs'])
    assert.deepEqual(saw(object('ReplicaSet', 'rs', { ...deleting, labels: { x: 'y' } })), [])
  })

  it('does not take an object of another namespace, kind or name for the owner', () => {
    const { saw } = graph()
    saw(object('ReplicaSet', 'rs'))
    const wrong: [string, Partial<KubeObject['metadata']>][] = [
      ['other namespace', { namespace: 'other', ownerReferences: [owner('rs')] }],
      ['other kind', { ownerReferences: [owner('rs', { kind: 'Deployment' })] }],
      ['other name', { ownerReferences: [owner('rs', { name: 'x' })] }],
    ]
    for (const [uid, metadata] of wrong)
      assert.deepEqual(saw(object('Pod', uid, metadata)), [`misplaced ${uid} rs`, `delete ${uid}`])
  })
})

describe('judge', () => {
  const references = (...states: OwnerState[]) => states.map((state) => ({ reference: owner(state), state }))
  const none = { any: false, waiting: false }
  const plain = object('Pod', 'p')
  const cases: [string, ReturnType<typeof judge>, unknown][] = [
    ['no owners', judge(plain, [], none), { action: 'keep' }],
    ['all there', judge(plain, references('solid', 'solid'), none), { action: 'keep' }],
    [
      'one there',
      judge(plain, references('solid', 'dangling', 'waiting'), none),
      { action: 'dropReferences', keep: [owner('solid')] },
    ],
    [
      'none there',
      judge(plain, references('dangling'), none),
      { action: 'delete', policy: 'Background', unblock: false },
    ],
    [
      'none there, wants to orphan',
      judge(object('Pod', 'p', { finalizers: ['orphan'] }), references('dangling'), none),
      { action: 'delete', policy: 'Orphan', unblock: false },
    ],
    [
      'owner waits',
      judge(plain, references('waiting'), none),
      { action: 'delete', policy: 'Background', unblock: false },
    ],
    [
      'owner waits, has dependents',
      judge(plain, references('waiting', 'dangling'), { any: true, waiting: false }),
      { action: 'delete', policy: 'Foreground', unblock: false },
    ],
    [
      'circle',
      judge(plain, references('waiting'), { any: true, waiting: true }),
      { action: 'delete', policy: 'Foreground', unblock: true },
    ],
  ]
  for (const [name, verdict, expected] of cases) it(name, () => assert.deepEqual(verdict, expected))
})
