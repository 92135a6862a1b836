import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigMap } from '../../api/generated/types/core/v1.ts'
import { configMaps, nodes, secrets } from '../../api/index.ts'
import type { Frozen, KubeObject, OwnerReference } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { garbageCollector } from './controller.ts'

const reference = ({ metadata }: Frozen<KubeObject>, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: metadata.name ?? '',
  uid: metadata.uid ?? '',
  ...more,
})

interface Bench extends ControllerBench {
  /** Makes a ConfigMap that these own. */
  make(
    name: string,
    owners?: readonly OwnerReference[],
    more?: Partial<ConfigMap['metadata']>,
  ): Promise<Frozen<ConfigMap>>
  names(): Promise<string[]>
}

async function start(): Promise<Bench> {
  const bench = await startBench([garbageCollector()])
  return {
    ...bench,
    make: (name, owners = [], more = {}) =>
      bench.client(configMaps).create({ metadata: { name, namespace: 'a', ownerReferences: [...owners], ...more } }),
    names: async () => (await bench.client(configMaps).list()).items.map(({ metadata }) => metadata.name ?? ''),
  }
}

describe('garbage collector', () => {
  it('deletes dependents, and theirs, after the owner has gone', async () => {
    const bench = await start()
    const owner = await bench.make('owner')
    const child = await bench.make('child', [reference(owner)])
    await bench.make('grandchild', [reference(child)])
    await bench.make('free')
    await bench.client(configMaps).delete('a/owner', { propagationPolicy: 'Background' })
    await bench.advance(100)
    assert.deepEqual(await bench.names(), ['free'])
    await bench.stop()
  })

  it('keeps what has another owner, without the reference to the one that has gone', async () => {
    const bench = await start()
    const [one, two] = [await bench.make('one'), await bench.make('two')]
    await bench.make('child', [reference(one), reference(two)])
    await bench.client(configMaps).delete('a/one', { propagationPolicy: 'Background' })
    await bench.advance(100)
    const { metadata } = await bench.client(configMaps).get('a/child')
    assert.deepEqual(metadata.ownerReferences, [reference(two)])
    await bench.stop()
  })

  it('lets an owner go last in the foreground, when nothing that blocks it is left', async () => {
    const bench = await start()
    const owner = await bench.make('owner')
    const hold = { finalizers: ['example.com/hold'] }
    await bench.make('blocking', [reference(owner, { blockOwnerDeletion: true })], hold)
    await bench.make('not-blocking', [reference(owner)], hold)
    await bench.client(configMaps).delete('a/owner', { propagationPolicy: 'Foreground' })
    await bench.advance(1000)
    const blocking = await bench.client(configMaps).get('a/blocking')
    assert.ok(blocking.metadata.deletionTimestamp)
    assert.ok((await bench.client(configMaps).get('a/not-blocking')).metadata.deletionTimestamp)
    assert.ok(await bench.client(configMaps).get('a/owner'))
    await bench.client(configMaps).update({ ...blocking, metadata: { ...blocking.metadata, finalizers: [] } })
    await bench.advance(1000)
    assert.deepEqual(await bench.names(), ['not-blocking'])
    await bench.stop()
  })

  it('ends circles in the foreground', async () => {
    const bench = await start()
    const one = await bench.make('one')
    const two = await bench.make('two', [reference(one, { blockOwnerDeletion: true })])
    const ownerReferences = [reference(two, { blockOwnerDeletion: true })]
    await bench.client(configMaps).update({ ...one, metadata: { ...one.metadata, ownerReferences } })
    await bench.advance(100)
    await bench.client(configMaps).delete('a/one', { propagationPolicy: 'Foreground' })
    await bench.advance(5000)
    assert.deepEqual(await bench.names(), [])
    await bench.stop()
  })

  it('sets dependents free when the owner is to orphan them', async () => {
    const bench = await start()
    const owner = await bench.make('owner')
    await bench.make('child', [reference(owner)])
    await bench.client(configMaps).delete('a/owner', { propagationPolicy: 'Orphan' })
    await bench.advance(1000)
    assert.deepEqual(await bench.names(), ['child'])
    assert.deepEqual((await bench.client(configMaps).get('a/child')).metadata.ownerReferences ?? [], [])
    await bench.stop()
  })

  it('deletes what names an owner that was never there, is another of that name, or stands elsewhere', async () => {
    const bench = await start()
    const owner = await bench.make('owner')
    await bench.make('never', [reference({ metadata: { name: 'x', uid: '0-0' } })])
    await bench.make('former', [reference({ metadata: { name: 'owner', uid: 'former' } })])
    const elsewhere = await bench.make('elsewhere', [reference(owner)], { namespace: 'b' })
    await bench.make('right', [reference(owner)])
    await bench.advance(1000)
    assert.deepEqual(
      (await bench.names()).toSorted((a, b) => (a < b ? -1 : 1)),
      ['owner', 'right'],
    )
    assert.deepEqual(await bench.eventsOf(elsewhere), [
      `OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: b, name: owner, uid: ${owner.metadata.uid}] does not exist in namespace "b"`,
    ])
    await bench.stop()
  })

  it('lets cluster-scoped objects own namespaced ones, not the other way round', async () => {
    const bench = await start()
    const node = await bench.client(nodes).create({ metadata: { name: 'n' }, spec: {} })
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: node.metadata.uid ?? '' }
    await bench.client(secrets).create({ metadata: { name: 's', namespace: 'a', ownerReferences: [owner] } })
    const map = await bench.make('map')
    await bench.client(nodes).create({ metadata: { name: 'm', ownerReferences: [reference(map)] }, spec: {} })
    await bench.client(nodes).delete('n')
    await bench.client(configMaps).delete('a/map')
    await bench.advance(1000)
    await assert.rejects(bench.client(secrets).get('a/s'), (error) => hasReason(error, 'NotFound'))
    assert.ok(await bench.client(nodes).get('m'))
    await bench.stop()
  })
})
