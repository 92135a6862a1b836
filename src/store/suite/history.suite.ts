import assert from 'node:assert/strict'
import { FutureRevisionError, CompactedError } from '../store.ts'
import { collect, keys, plain, put, remove, text, type Cases } from './support.suite.ts'

/** Reads of the past, and its end. */
export const history: Cases = {
  async 'reads at every revision see what was true then'(store) {
    await put(store, '/a', '1')
    await remove(store, '/a')
    await put(store, '/a', '2')
    await put(store, '/a', '3')
    await put(store, '/b', '4')
    const values = async (revision: number): Promise<string[]> =>
      (await store.range('/', { revision })).entries.map((e) => text(e.value))
    assert.deepEqual(await Promise.all([1, 2, 3, 4, 5, 6].map(values)), [[], ['1'], [], ['2'], ['3'], ['3', '4']])
    assert.deepEqual(plain(await store.get('/a', { revision: 2 })), { key: '/a', value: '1', created: 2, modified: 2 })
    assert.equal(await store.get('/a', { revision: 3 }), undefined)
  },

  async 'a read of a future revision is an error'(store) {
    await put(store, '/a', '1')
    await assert.rejects(async () => store.get('/a', { revision: 3 }), FutureRevisionError)
    await assert.rejects(async () => store.range('/', { revision: 3 }), FutureRevisionError)
    await assert.rejects(store.compact(3), FutureRevisionError)
  },

  async 'compaction keeps current values and history from its revision on'(store) {
    for (const value of ['1', '2', '3', '4']) await put(store, '/a', value)
    await put(store, '/gone', 'x')
    await remove(store, '/gone')
    await put(store, '/still', 'x')
    await store.compact(4)
    assert.equal(store.compactRevision, 4)
    await assert.rejects(async () => store.get('/a', { revision: 3 }), CompactedError)
    await assert.rejects(async () => store.range('/', { revision: 3 }), CompactedError)
    assert.equal(plain(await store.get('/a', { revision: 4 }))?.value, '3')
    assert.deepEqual(await keys(store, '/', { revision: 6 }), ['/a', '/gone'])
    await store.compact(2)
    assert.equal(store.compactRevision, 4)
    await store.compact(store.revision)
    assert.deepEqual(await keys(store, '/'), ['/a', '/still'])
    assert.equal(await put(store, '/gone', 'back', 0), 9)
    assert.deepEqual(plain(await store.get('/gone')), { key: '/gone', value: 'back', created: 9, modified: 9 })
  },

  async 'a watch from a compacted revision ends with CompactedError'(store) {
    for (const value of ['1', '2', '3', '4']) await put(store, '/a', value)
    await store.compact(4)
    const tooOld = collect(store, '/', 3)
    const oldest = collect(store, '/', 4)
    await oldest.until(1)
    assert.deepEqual(oldest.summary(), ['5 put /a 4 (was 3)'])
    const error = await tooOld.error
    assert.ok(error instanceof CompactedError)
    assert.equal(error.compactRevision, 4)
    await put(store, '/a', '5')
    await oldest.until(2)
    assert.deepEqual(tooOld.events, [])
    oldest.cancel()
  },
}
