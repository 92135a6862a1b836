import assert from 'node:assert/strict'
import { FIRST_REVISION } from '../store.ts'
import { collect, keys, plain, put, remove, text, type Cases } from './support.suite.ts'

/** What gets, ranges and counts see. */
export const reads: Cases = {
  async 'a value stays as it is while the store changes'(store) {
    await put(store, '/a', 'one')
    const entry = await store.get('/a')
    const { entries } = await store.range('/')
    for (let i = 0; i < 50; i++) await put(store, '/a', `later ${i}`)
    await store.compact(store.revision)
    assert.deepEqual([plain(entry)?.value, plain(entries[0])?.value], ['one', 'one'])
  },

  async 'a prefix is not taken for a path'(store) {
    for (const key of ['/pods/a', '/pods/a/x', '/pods/ab', '/pods/ab/x', '/podsy', '/pods']) await put(store, key, key)
    assert.equal(plain(await store.get('/pods/a'))?.value, '/pods/a')
    assert.deepEqual(await keys(store, '/pods/a/'), ['/pods/a/x'])
    assert.deepEqual(await keys(store, '/pods/a'), ['/pods/a', '/pods/a/x', '/pods/ab', '/pods/ab/x'])
    assert.equal(await store.count('/pods/'), 4)
    const watch = collect(store, '/pods/a/', 0)
    await put(store, '/pods/a/y', 'y')
    await watch.until(2)
    assert.deepEqual(watch.summary(), ['3 put /pods/a/x /pods/a/x', '8 put /pods/a/y y'])
    watch.cancel()
  },

  async 'ranges are in byte order'(store) {
    const inOrder = ['/A', '/a', '/a-b', '/a/b', '/aa', '/z', '/é', '/\u{ffee}', '/😀']
    for (const key of inOrder.toReversed()) await put(store, key, 'x')
    assert.deepEqual(await keys(store, '/'), inOrder)
    assert.deepEqual(await keys(store, '/', { start: '/é' }), inOrder.slice(6))
  },

  async 'limit and start page through a range at one revision'(store) {
    for (let i = 0; i < 10; i++) await put(store, `/p/${i}`, 'first')
    await put(store, '/q', 'beyond')
    const revision = store.revision
    const first = await store.range('/p/', { limit: 4 })
    assert.deepEqual(
      [first.entries.length, first.more, first.remaining, first.revision],
      [4, true, undefined, revision],
    )
    const counted = await store.range('/p/', { limit: 4, countRemaining: true })
    assert.deepEqual([counted.entries, counted.more, counted.remaining], [first.entries, true, 6])
    for (let i = 0; i < 10; i += 2) await put(store, `/p/${i}`, 'second')
    await remove(store, '/p/5')
    await put(store, '/p/45', 'new')
    const second = await store.range('/p/', { limit: 4, start: '/p/3\u0001', revision, countRemaining: true })
    assert.deepEqual(
      second.entries.map((e) => [e.key, text(e.value)]),
      ['/p/4', '/p/5', '/p/6', '/p/7'].map((key) => [key, 'first']),
    )
    assert.deepEqual([second.more, second.remaining, second.revision], [true, 2, revision])
    const third = await store.range('/p/', { limit: 4, start: '/p/8', revision })
    assert.deepEqual([third.entries.map((e) => e.key), third.more], [['/p/8', '/p/9'], false])
    const all = await store.range('/p/', { limit: 10, countRemaining: true })
    assert.deepEqual([all.entries.length, all.more, all.remaining], [10, false, 0])
  },

  async 'counts follow creates, updates and deletes'(store) {
    const counts = async (): Promise<number[]> =>
      Promise.all(['', '/', '/a/', '/a/b', '/c/'].map(async (p) => store.count(p)))
    assert.deepEqual(await counts(), [0, 0, 0, 0, 0])
    for (const key of ['/a/b', '/a/bc', '/a/d', '/c']) await put(store, key, 'x')
    assert.deepEqual(await counts(), [4, 4, 3, 2, 0])
    await Promise.all([put(store, '/a/b', 'y'), remove(store, '/a/d'), put(store, '/c/d', 'x')])
    assert.deepEqual(await counts(), [4, 4, 2, 2, 1])
    assert.equal((await store.range('/', { limit: 1, countRemaining: true })).remaining, 3)
  },

  async 'who asks for the newest is told of every write that was acknowledged'(store) {
    assert.equal(await store.latest(), FIRST_REVISION)
    await put(store, '/a', 'x')
    assert.equal(await store.latest(), FIRST_REVISION + 1)
    assert.equal(store.revision, FIRST_REVISION + 1)
    assert.equal(text((await store.get('/a', { stale: true }))?.value), 'x')
  },
}
