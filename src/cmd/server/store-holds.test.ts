import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { StoreError, type WatchSink } from '../../store/store.ts'
import { storeHolds } from './store-holds.ts'

test('a store that gives itself up is what the server ends with', async () => {
  const sinks: WatchSink[] = []
  const holds = storeHolds(
    { watch: (_prefix, _after, sink) => (sinks.push(sink), () => {}) },
    new AbortController().signal,
  )
  sinks[0]?.onError(new StoreError('it has to be reopened'))
  await assert.rejects(holds, /it has to be reopened/)
})

test('a store that lasts ends with the server, whatever is written and forgotten meanwhile', async () => {
  const store = new MemoryStore({ clock: new VirtualClock() })
  const end = new AbortController()
  const holds = storeHolds(store, end.signal)
  await store.write({ key: '/registry/a', value: new Uint8Array() })
  await store.compact(store.revision)
  end.abort()
  await holds
  await storeHolds(store, end.signal)
})
