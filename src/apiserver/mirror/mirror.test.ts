import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps } from '../../api/core/v1/configmap.ts'
import type { ConfigMap } from '../../api/generated/types/core/v1.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { CompactedError, StoreError, type Store, type WatchSink } from '../../store/store.ts'
import { Mirror } from './mirror.ts'

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const object = (name: string, color: string): Uint8Array => bytes({ metadata: { name }, data: { color } })
const key = (name: string): string => `${configMaps.storagePrefix}/default/${name}`

async function mirrored(store: Store, clock: VirtualClock): Promise<Mirror<ConfigMap>> {
  const mirror = new Mirror<ConfigMap>(store, configMaps, { clock, log: silentLogger })
  mirror.index('color', ({ data }) => [data?.['color'] ?? ''])
  await mirror.start()
  return mirror
}

const names = (mirror: Mirror<ConfigMap>, color: string): (string | undefined)[] =>
  mirror.by('color', color).map(({ metadata }) => metadata.name)

test('a mirror holds what the store holds, before the write that changed it is answered', async () => {
  const clock = new VirtualClock()
  const store = new MemoryStore({ clock })
  await store.write({ key: key('a'), value: object('a', 'red') })
  const mirror = await mirrored(store, clock)
  assert.deepEqual(names(mirror, 'red'), ['a'])
  await store.write({ key: key('b'), value: object('b', 'red') })
  await store.write({ key: key('a'), value: object('a', 'blue') })
  assert.deepEqual([names(mirror, 'red'), names(mirror, 'blue')], [['b'], ['a']])
  await store.write({ key: key('b'), value: null })
  assert.equal(mirror.get('default/b'), undefined)
  assert.deepEqual(names(mirror, 'red'), [])
})

test('a mirror that lost its watch reads again, and tries until it can', async () => {
  const clock = new VirtualClock()
  const store = new MemoryStore({ clock })
  const sinks: WatchSink[] = []
  let broken = false
  const flaky = new Proxy(store as Store, {
    get(target, property) {
      if (property === 'range' && broken) return () => Promise.reject(new StoreError('out of reach'))
      if (property === 'watch') {
        return (prefix: string, after: number, sink: WatchSink) => {
          sinks.push(sink)
          return target.watch(prefix, after, sink)
        }
      }
      const value: unknown = Reflect.get(target, property)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  await store.write({ key: key('a'), value: object('a', 'red') })
  const mirror = await mirrored(flaky, clock)
  broken = true
  sinks[0]?.onError(new CompactedError(5))
  await clock.advance(2000)
  assert.equal(sinks.length, 1)
  broken = false
  await clock.advance(2000)
  assert.equal(sinks.length, 2)
  await store.write({ key: key('c'), value: object('c', 'red') })
  assert.deepEqual(names(mirror, 'red'), ['a', 'c'])
})
