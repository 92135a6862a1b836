import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { KubeList, KubeObject } from '../../apimachinery/meta.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import type { Entry, Range, RangeOptions, ReadOptions } from '../../store/store.ts'
import { TestServer } from '../test-server.ts'

const PODS = '/api/v1/namespaces/default/pods'

class CountingStore extends MemoryStore {
  ranges = 0
  gets = 0

  override range(prefix: string, options: RangeOptions = {}): Range {
    if (prefix.startsWith('/registry/pods/')) this.ranges++
    return super.range(prefix, options)
  }

  override get(key: string, options: ReadOptions = {}): Entry | undefined {
    if (key.startsWith('/registry/pods/')) this.gets++
    return super.get(key, options)
  }
}

interface Bench {
  readonly server: TestServer
  readonly store: CountingStore
  readonly clock: VirtualClock
  /** Names of a node's pods, and what they cost to find. */
  onNode(node: string, more?: string, path?: string): Promise<{ names: string; ranges: number; gets: number }>
}

function bench(): Bench {
  const clock = new VirtualClock()
  const store = new CountingStore({ clock })
  const server = new TestServer({ store, env: { clock, random: seededRandom(1), log: silentLogger } })
  return {
    server,
    store,
    clock,
    async onNode(node, more = '', path = PODS) {
      store.ranges = 0
      store.gets = 0
      const list: KubeList<KubeObject> = await server.list(`${path}?fieldSelector=spec.nodeName%3D${node}${more}`)
      const names = list.items.map(({ metadata }) => metadata.name).join(' ')
      return { names, ranges: store.ranges, gets: store.gets }
    },
  }
}

const pod = (name: string, nodeName?: string, more: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { name, ...more },
  spec: { ...(nodeName && { nodeName }), containers: [{ name: 'main', image: 'x' }] },
})

test('the pods of a node are found without a look at others, once somebody asks for a second time', async () => {
  const { server, onNode } = bench()
  for (let i = 10; i < 40; i++) await server.create(PODS, pod(`p-${i}`, `node-${i % 10}`))
  assert.deepEqual(await onNode('node-1'), { names: 'p-11 p-21 p-31', ranges: 1, gets: 0 })
  assert.deepEqual(await onNode('node-2'), { names: 'p-12 p-22 p-32', ranges: 1, gets: 3 })
  assert.deepEqual(await onNode('node-3'), { names: 'p-13 p-23 p-33', ranges: 0, gets: 3 })
  assert.deepEqual(await onNode('node-1', '&limit=500'), { names: 'p-11 p-21 p-31', ranges: 0, gets: 3 })
  assert.deepEqual(await onNode('node', '', '/api/v1/pods'), { names: '', ranges: 0, gets: 0 })
})

test('an index follows what is written', async () => {
  const { server, onNode } = bench()
  for (const name of ['c', 'a', 'b']) await server.create(PODS, pod(name, 'one'))
  await server.create('/api/v1/namespaces/other/pods', pod('x', 'one', { labels: { on: 'yes' } }))
  await server.create(PODS, pod('waits'))
  await onNode('one')
  assert.equal((await onNode('one')).names, 'a b c')
  assert.equal((await onNode('one', '', '/api/v1/pods')).names, 'a b c x')
  assert.equal((await onNode('one', '&labelSelector=on', '/api/v1/pods')).names, 'x')
  await server.expect(201, 'POST', `${PODS}/waits/binding`, { metadata: { name: 'waits' }, target: { name: 'one' } })
  await server.expect(200, 'DELETE', `${PODS}/a?gracePeriodSeconds=0`)
  await server.patch(200, 'merge', `${PODS}/b`, { metadata: { annotations: { note: '"nodeName":"two"' } } })
  assert.deepEqual(await onNode('one'), { names: 'b c waits', ranges: 0, gets: 3 })
  assert.deepEqual(await onNode('two'), { names: '', ranges: 0, gets: 0 })
})

test('what it is no help for is read as ever: unbound pods, other revisions, pages', async () => {
  const { server, store, onNode } = bench()
  for (const name of ['a', 'b', 'c']) await server.create(PODS, pod(name, 'one'))
  const before = store.revision
  await server.create(PODS, pod('unbound'))
  await server.expect(200, 'DELETE', `${PODS}/a?gracePeriodSeconds=0`)
  await onNode('one')
  await onNode('one')
  assert.deepEqual(await onNode(''), { names: 'unbound', ranges: 1, gets: 0 })
  const exact = `&resourceVersion=${before}&resourceVersionMatch=Exact`
  assert.deepEqual(await onNode('one', exact), { names: 'a b c', ranges: 1, gets: 0 })
  assert.equal((await onNode('one', '&limit=1')).names, 'b')
})

test('what is written while it is made is in it', async () => {
  const { server, store, onNode } = bench()
  await server.create(PODS, pod('template', 'none'))
  const template = new TextDecoder().decode(store.get('/registry/pods/default/template')?.value)
  for (let i = 1000; i < 2200; i++) {
    const text = template.replace('"template"', `"p-${i}"`).replace('"none"', i % 100 === 0 ? '"one"' : '"two"')
    await store.write({ key: `/registry/pods/default/p-${i}`, value: new TextEncoder().encode(text) })
  }
  await onNode('one')
  const making = onNode('one')
  await server.expect(200, 'DELETE', `${PODS}/p-1000?gracePeriodSeconds=0`)
  await server.create(PODS, pod('p-0', 'one'))
  await making
  const names = ['p-0', ...Array.from({ length: 11 }, (_, i) => `p-${1100 + i * 100}`)].join(' ')
  assert.deepEqual(await onNode('one'), { names, ranges: 0, gets: 12 })
})

test('an index that nobody asks is let go', async () => {
  const { server, clock, onNode } = bench()
  await server.create(PODS, pod('a', 'one'))
  await onNode('one')
  await onNode('one')
  assert.equal((await onNode('one')).ranges, 0)
  await clock.advance(200_000)
  assert.equal((await onNode('one')).ranges, 1)
})
