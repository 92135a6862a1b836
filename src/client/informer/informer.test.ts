import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { pods } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { testBench, type TestBench } from '../testing/test-env.ts'
import { TransportError } from '../transport.ts'
import { InformerFactory, withoutManagers } from './factory.ts'
import type { Informer } from './informer.ts'
import { until } from './wait.ts'

const pod = (name: string, more: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { name, namespace: 'default', ...more },
  spec: { containers: [] },
})

interface Watched {
  readonly bench: TestBench
  readonly informer: Informer<Pod>
  /** What the handler was told, such as `add a`. */
  readonly told: string[]
}

async function watched(prepare: (bench: TestBench) => Promise<unknown> | void = () => undefined): Promise<Watched> {
  const bench = testBench()
  await prepare(bench)
  const factory = new InformerFactory({ client: bench.client, env: bench.env, freeze: true })
  const informer = factory.informer(pods)
  const told: string[] = []
  const name = (object: Frozen<Pod>): string => object.metadata.name ?? ''
  informer.addHandler({
    onAdd: (object, initial) => told.push(`${initial ? 'initial' : 'add'} ${name(object)}`),
    onUpdate: (now) => told.push(`update ${name(now)}`),
    onDelete: (object) => told.push(`delete ${name(object)}`),
  })
  factory.start(bench.signal)
  await bench.settle()
  return { bench, informer, told }
}

const watchRequests = ({ bench }: Watched): string[] => bench.api.requests.filter((r) => r.includes('watch=true'))

describe('informer', () => {
  it('tells what is there, then what changes', async () => {
    const { bench, informer, told } = await watched(({ client }) => client(pods).create(pod('a')))
    assert.equal(informer.synced, true)
    await bench.client(pods).create(pod('b'))
    await bench.client(pods).patch('default/b', 'merge', { metadata: { labels: { x: 'y' } } })
    await bench.client(pods).delete('default/a')
    await bench.settle()
    assert.deepEqual(told, ['initial a', 'add b', 'update b', 'delete a'])
    assert.deepEqual(
      informer.lister.list().map((p) => p.metadata.name),
      ['b'],
    )
    assert.equal(informer.resourceVersion, '4')
    bench.stop()
  })

  it('lists and watches where the server knows no initial events', async () => {
    const state = await watched(async ({ api, client }) => {
      api.watchList = false
      await client(pods).create(pod('a'))
    })
    await state.bench.client(pods).create(pod('b'))
    await state.bench.settle()
    assert.deepEqual(state.told, ['initial a', 'add b'])
    assert.ok(state.bench.api.requests.includes('GET /api/v1/pods?limit=500'))
    state.bench.stop()
  })

  it('goes on from where a watch ended', async () => {
    const state = await watched(({ client }) => client(pods).create(pod('a')))
    await state.bench.client(pods).create(pod('b'))
    await state.bench.settle()
    state.bench.api.closeWatches()
    await state.bench.client(pods).delete('default/a')
    await state.bench.clock.advance(2000)
    assert.deepEqual(state.told, ['initial a', 'add b', 'delete a'])
    assert.match(watchRequests(state)[1] ?? '', /resourceVersion=2&/)
    state.bench.stop()
  })

  it('reads all again after 410, and tells only the differences', async () => {
    const { bench, told, informer } = await watched(async ({ client }) => {
      for (const name of ['a', 'b', 'c']) await client(pods).create(pod(name))
    })
    told.length = 0
    const changed = bench.client
    bench.api.intercept = ({ path }) => {
      if (path.includes('watch=true')) throw new TransportError('cut off')
    }
    bench.api.closeWatches()
    await bench.settle()
    await changed(pods).delete('default/a')
    await changed(pods).patch('default/b', 'merge', { metadata: { labels: { x: 'y' } } })
    await changed(pods).delete('default/c')
    await changed(pods).create(pod('c'))
    bench.api.compact()
    bench.api.intercept = undefined
    await bench.clock.advance(60_000)
    assert.deepEqual(told.toSorted(), ['add c', 'delete a', 'delete c', 'update b'])
    assert.equal(informer.resourceVersion, '7')
    bench.stop()
  })

  it('waits longer and longer while the server is out of reach', async () => {
    const bench = testBench()
    let tries = 0
    bench.api.intercept = () => {
      tries++
      throw new TransportError('connection refused')
    }
    const factory = new InformerFactory({ client: bench.client, env: bench.env })
    factory.informer(pods)
    factory.start(bench.signal)
    await bench.clock.advance(60_000)
    assert.ok(tries >= 4 && tries <= 8, `${tries} tries in a minute`)
    bench.api.intercept = undefined
    await bench.clock.advance(60_000)
    assert.equal(factory.informer(pods).synced, true)
    bench.stop()
    await factory.stopped()
  })

  it('finds by namespace, by controller and by declared index', async () => {
    const owner = { metadata: { uid: 'owner-uid' } }
    const ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'owner-uid', controller: true },
    ]
    const { bench, informer } = await watched(async ({ client }) => {
      await client(pods).create(pod('a', { ownerReferences }))
      await client(pods).create(pod('b', { namespace: 'other', labels: { tier: 'x' } }))
    })
    informer.addIndex('tier', (object) => [object.metadata.labels?.['tier'] ?? ''])
    const names = (list: readonly Frozen<Pod>[]): (string | undefined)[] => list.map((p) => p.metadata.name)
    assert.deepEqual(names(informer.lister.list('other')), ['b'])
    assert.deepEqual(names(informer.lister.controlledBy(owner)), ['a'])
    assert.deepEqual(names(informer.lister.byIndex('tier', 'x')), ['b'])
    await bench.client(pods).patch('other/b', 'merge', { metadata: { labels: { tier: 'z' } } })
    await bench.client(pods).delete('default/a')
    await bench.settle()
    assert.deepEqual(names(informer.lister.byIndex('tier', 'x')), [])
    assert.deepEqual(names(informer.lister.byIndex('tier', 'z')), ['b'])
    assert.deepEqual(names(informer.lister.controlledBy(owner)), [])
    bench.stop()
  })

  it('keeps nothing of managers where nobody asks for them', async () => {
    const bench = testBench()
    const managedFields = [{ manager: 'x', operation: 'Update' as const }]
    await bench.client(pods).create(pod('a', { managedFields }))
    const factory = new InformerFactory({ client: bench.client, env: bench.env, transform: withoutManagers })
    const informer = factory.informer(pods)
    factory.start(bench.signal)
    await bench.settle()
    const kept = informer.lister.get('default/a')
    assert.equal(kept?.metadata.name, 'a')
    assert.equal(kept?.metadata.managedFields, undefined)
    assert.equal((await bench.client(pods).get('default/a')).metadata.managedFields?.length, 1)
    bench.stop()
  })

  it('hands out objects that cannot be changed', async () => {
    const { bench, informer } = await watched(({ client }) => client(pods).create(pod('a')))
    const found = informer.lister.get('default/a') as Pod
    assert.throws(() => (found.spec.nodeName = 'x'), TypeError)
    bench.stop()
  })

  it('lets one wait for a state', async () => {
    const { bench, informer } = await watched()
    const found = until(informer, () => informer.lister.get('default/late'), bench.signal)
    await bench.client(pods).create(pod('late'))
    assert.equal((await found).metadata.name, 'late')
    const never = assert.rejects(until(informer, () => informer.lister.get('default/never'), bench.signal))
    bench.stop()
    await never
  })
})
