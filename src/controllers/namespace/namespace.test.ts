import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configMaps, deployments, namespaces, pods } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Namespace } from '../../api/generated/types/core/v1.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { deletionConditions } from './conditions.ts'
import { namespaceController } from './controller.ts'

async function start(): Promise<ControllerBench & { conditions(): Promise<Record<string, string>> }> {
  const bench = await startBench([namespaceController])
  await bench.client(namespaces).create({ metadata: { name: 'a' }, spec: {} })
  const conditions = async () => {
    const { status } = await bench.client(namespaces).get('a')
    return Object.fromEntries((status?.conditions ?? []).map((c) => [c.type, `${c.status}: ${c.message}`]))
  }
  return { ...bench, conditions }
}

const isGone = (error: unknown): boolean => hasReason(error, 'NotFound')
const inNamespace = (name: string, finalizers: string[] = []) => ({ metadata: { name, namespace: 'a', finalizers } })
const pod = (name: string) => ({
  ...inNamespace(name),
  spec: { nodeName: 'n', terminationGracePeriodSeconds: 30, containers: [{ name: 'c', image: 'i' }] },
})

describe('namespace controller', () => {
  it('deletes what is in it, then the namespace, and nothing else', async () => {
    const bench = await start()
    await bench.client(configMaps).create(inNamespace('one'))
    await bench.client(configMaps).create({ metadata: { name: 'other', namespace: 'b' } })
    const template = { metadata: { labels: { x: 'y' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    await bench
      .client(deployments)
      .create({ ...inNamespace('web'), spec: { selector: { matchLabels: { x: 'y' } }, template } })
    await bench.client(namespaces).delete('a')
    await bench.advance(1000)
    await assert.rejects(bench.client(namespaces).get('a'), isGone)
    await assert.rejects(bench.client(configMaps).get('a/one'), isGone)
    await assert.rejects(bench.client(deployments).get('a/web'), isGone)
    assert.ok(await bench.client(configMaps).get('b/other'))
    await bench.stop()
  })

  it('lets pods end before anything else goes', async () => {
    const bench = await start()
    await bench.client(configMaps).create(inNamespace('one'))
    await bench.client(pods).create(pod('p'))
    await bench.client(namespaces).delete('a')
    await bench.advance(5000)
    assert.ok((await bench.client(pods).get('a/p')).metadata.deletionTimestamp)
    assert.ok(await bench.client(configMaps).get('a/one'))
    assert.equal(
      (await bench.conditions())['NamespaceContentRemaining'],
      'True: Some resources are remaining: pods. has 1 resource instances',
    )
    assert.equal((await bench.client(namespaces).get('a')).status?.phase, 'Terminating')
    await bench.client(pods).delete('a/p', { gracePeriodSeconds: 0 })
    await bench.advance(200)
    await assert.rejects(bench.client(namespaces).get('a'), isGone)
    await bench.stop()
  })

  it('tells which finalizers hold it up, and goes on when they are gone', async () => {
    const bench = await start()
    await bench.client(configMaps).create(inNamespace('one', ['example.com/hold']))
    await bench.client(namespaces).delete('a')
    await bench.advance(1000)
    const conditions = await bench.conditions()
    assert.equal(
      conditions['NamespaceContentRemaining'],
      'True: Some resources are remaining: configmaps. has 1 resource instances',
    )
    assert.equal(
      conditions['NamespaceFinalizersRemaining'],
      'True: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    )
    assert.equal(
      conditions['NamespaceDeletionContentFailure'],
      'False: All content successfully deleted, may be waiting on finalization',
    )
    const held = await bench.client(configMaps).get('a/one')
    await bench.client(configMaps).update({ ...held, metadata: { ...held.metadata, finalizers: [] } })
    await bench.advance(9000)
    await assert.rejects(bench.client(namespaces).get('a'), isGone)
    await bench.stop()
  })
})

describe('deletionConditions', () => {
  const none = { undiscovered: new Map(), errors: [], remaining: new Map(), finalizers: new Map() }
  const now = Date.UTC(2026, 0, 1)
  const namespace: Frozen<Namespace> = { metadata: {}, spec: {} }

  it('are five, and false where all is well', () => {
    const conditions = deletionConditions(namespace, none, now)
    assert.deepEqual(
      conditions.map((c) => c.status),
      Array(5).fill('False'),
    )
  })

  it('name what failed, keep their time while they last, and keep conditions of others', () => {
    const undiscovered = new Map([['metrics.k8s.io/v1beta1', 'stale GroupVersion discovery']])
    const first = deletionConditions(namespace, { ...none, undiscovered, errors: ['b', 'a'] }, now)
    const text = (type: string) => first.find((c) => c.type === type)?.message
    assert.equal(
      text('NamespaceDeletionDiscoveryFailure'),
      'Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery',
    )
    assert.equal(text('NamespaceDeletionContentFailure'), 'Failed to delete all resource types, 2 remaining: a, b')
    const mine = { type: 'Mine', status: 'True' as const }
    const second = deletionConditions(
      { metadata: {}, spec: {}, status: { conditions: [mine, ...first] } },
      none,
      now + 60_000,
    )
    assert.deepEqual(second[0], mine)
    const times = Object.fromEntries(second.map((c) => [c.type, c.lastTransitionTime]))
    assert.equal(times['NamespaceContentRemaining'], '2026-01-01T00:00:00Z')
    assert.equal(times['NamespaceDeletionContentFailure'], '2026-01-01T00:01:00Z')
  })
})
