import assert from 'node:assert/strict'
import { FIRST_REVISION, MAX_KEY_BYTES, StoreError } from '../store.ts'
import { bytes, collect, put, remove, type Cases } from './support.suite.ts'

/** What is refused, and the end. */
export const limits: Cases = {
  async 'keys and times to live that cannot be kept are refused'(store) {
    const bad = ['', 'a\0b', 'x'.repeat(MAX_KEY_BYTES + 1), 'é'.repeat(MAX_KEY_BYTES / 2 + 1), '\ud800']
    for (const key of bad) await assert.rejects(store.write({ key, value: bytes('x') }), StoreError)
    for (const ttlMs of [0, -1, NaN, Infinity])
      await assert.rejects(store.write({ key: '/a', value: bytes('x'), ttlMs }), StoreError)
    assert.equal(store.revision, FIRST_REVISION)
    const longest = 'é'.repeat(MAX_KEY_BYTES / 2)
    await put(store, longest, 'x')
    await remove(store, longest)
    const watch = collect(store, 'é', 0)
    await watch.until(2)
    watch.cancel()
  },

  async 'after close everything fails, and watches are silent'(store, clock) {
    await store.write({ key: '/a', value: bytes('x'), ttlMs: 1000 })
    const watch = collect(store, '/', 0)
    await watch.until(1)
    await store.close()
    await store.close()
    await assert.rejects(async () => store.latest(), StoreError)
    await assert.rejects(async () => store.get('/a'), StoreError)
    await assert.rejects(async () => store.range('/'), StoreError)
    await assert.rejects(async () => store.count('/'), StoreError)
    await assert.rejects(store.write({ key: '/a', value: bytes('y') }), StoreError)
    await assert.rejects(store.compact(1), StoreError)
    assert.throws(() => store.watch('/', 0, { onEvents() {}, onError() {} }), StoreError)
    await clock.advance(2000)
    assert.equal(watch.events.length, 1)
  },

  async 'close waits for the writes under way'(store) {
    const writes = Array.from({ length: 20 }, (_, i) => store.write({ key: `/${i}`, value: bytes('x') }))
    await store.close()
    for (const result of await Promise.all(writes)) assert.ok(result.ok)
  },
}
