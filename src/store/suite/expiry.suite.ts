import assert from 'node:assert/strict'
import { bytes, collect, keys, put, remove, type Cases } from './support.suite.ts'

/** Keys that delete themselves, by the clock that the store was given. */
export const expiry: Cases = {
  async 'a key with a time to live deletes itself'(store, clock) {
    const watch = collect(store, '/', store.revision)
    await store.write({ key: '/short', value: bytes('x'), ttlMs: 1000 })
    await store.write({ key: '/long', value: bytes('x'), ttlMs: 5000 })
    await store.write({ key: '/kept', value: bytes('x'), ttlMs: 1000 })
    await put(store, '/kept', 'for good')
    await store.write({ key: '/renewed', value: bytes('x'), ttlMs: 1000 })
    await clock.advance(500)
    await store.write({ key: '/renewed', value: bytes('y'), ttlMs: 1000 })
    await clock.advance(499)
    assert.equal(await store.count('/'), 4)
    await clock.advance(1)
    await watch.until(7)
    assert.deepEqual(await keys(store, '/'), ['/kept', '/long', '/renewed'])
    await clock.advance(500)
    await watch.until(8)
    await clock.advance(3500)
    await watch.until(9)
    assert.deepEqual(await keys(store, '/'), ['/kept'])
    assert.deepEqual(watch.summary().slice(6), [
      '8 delete /short (was x)',
      '9 delete /renewed (was y)',
      '10 delete /long (was x)',
    ])
    watch.cancel()
  },

  async 'a key that is made again does not die of its forerunner'(store, clock) {
    await store.write({ key: '/a', value: bytes('x'), ttlMs: 1000 })
    await remove(store, '/a')
    await put(store, '/a', 'again')
    await clock.advance(5000)
    await put(store, '/b', 'x')
    assert.equal(store.revision, 5)
    assert.deepEqual(await keys(store, '/'), ['/a', '/b'])
  },

  async 'counts follow expiry'(store, clock) {
    await put(store, '/a/b', 'x')
    await store.write({ key: '/a/c', value: bytes('x'), ttlMs: 1000 })
    assert.equal(await store.count('/a/'), 2)
    assert.equal((await store.range('/', { limit: 1, countRemaining: true })).remaining, 1)
    const watch = collect(store, '/', store.revision)
    await clock.advance(1000)
    await watch.until(1)
    assert.equal(await store.count('/a/'), 1)
    assert.equal((await store.range('/a/', { limit: 1, countRemaining: true })).remaining, 0)
    watch.cancel()
  },
}
