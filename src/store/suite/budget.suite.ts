import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { CompactedError } from '../store.ts'
import { collect, keys, put, remove, text, until, type OpenStore } from './support.suite.ts'

/** Declares the tests of the history budget. */
export function budgetTests(open: OpenStore): void {
  test('history beyond its age is compacted as writes come in', async () => {
    const clock = new VirtualClock()
    const store = await open({ clock, history: { maxBytes: Infinity, maxAgeMs: 60_000 } })
    await put(store, '/a', 'old')
    await put(store, '/gone', 'old')
    await remove(store, '/gone')
    await clock.advance(61_000)
    await put(store, '/a', 'new')
    await until(clock, () => store.compactRevision === 4)
    assert.deepEqual(await keys(store, '/', { revision: 4 }), ['/a'])
    assert.equal(text((await store.get('/a', { revision: 4 }))?.value), 'old')
    await assert.rejects(async () => store.get('/a', { revision: 3 }), CompactedError)
    await store.close()
  })

  test('history beyond its size is compacted as writes come in', async () => {
    const clock = new VirtualClock()
    const store = await open({ clock, history: { maxBytes: 100_000, maxAgeMs: Infinity } })
    const value = 'x'.repeat(1000)
    for (let i = 0; i < 300; i++) await put(store, `/${i % 20}`, value)
    await until(clock, () => store.revision - store.compactRevision <= 100)
    assert.ok(store.revision - store.compactRevision >= 20, 'keeps what the budget allows')
    const watch = collect(store, '/', store.compactRevision)
    await watch.until(store.revision - store.compactRevision)
    assert.equal(await store.count('/'), 20)
    watch.cancel()
    await store.close()
  })
}
