import assert from 'node:assert/strict'
import { FIRST_REVISION } from '../store.ts'
import { bytes, collect, outcome, plain, put, read, remove, text, type Cases } from './support.suite.ts'

/** What a write does, and tells. */
export const writes: Cases = {
  'an empty store stands at the first revision'(store) {
    assert.equal(store.revision, FIRST_REVISION)
    return read(store, '', {}, [])
  },

  async 'create, update and delete give one sequence of revisions and an incarnation'(store) {
    assert.equal(await put(store, '/a', 'one', 0), FIRST_REVISION + 1)
    assert.equal(await put(store, '/b', 'other'), FIRST_REVISION + 2)
    assert.equal(await put(store, '/a', 'two', FIRST_REVISION + 1), FIRST_REVISION + 3)
    assert.deepEqual(plain(await store.get('/a')), { key: '/a', value: 'two', created: 2, modified: 4 })
    assert.equal(await remove(store, '/a', FIRST_REVISION + 3), FIRST_REVISION + 4)
    assert.equal(await store.get('/a'), undefined)
    await put(store, '/a', 'again', 0)
    assert.deepEqual(plain(await store.get('/a')), { key: '/a', value: 'again', created: 6, modified: 6 })
    assert.equal(store.revision, FIRST_REVISION + 5)
  },

  async 'a write tells what was there before'(store) {
    const created = await store.write({ key: '/a', value: bytes('one') })
    const updated = await store.write({ key: '/a', value: bytes('two') })
    const deleted = await store.write({ key: '/a', value: null })
    assert.deepEqual([created, updated, deleted].map(outcome), [
      { revision: 2, previous: undefined },
      { revision: 3, previous: { key: '/a', value: 'one', created: 2, modified: 2 } },
      { revision: 4, previous: { key: '/a', value: 'two', created: 2, modified: 3 } },
    ])
  },

  async 'a failed expectation changes nothing and tells what is there'(store) {
    await put(store, '/a', 'one')
    const one = { key: '/a', value: 'one', created: 2, modified: 2 }
    const refused = [
      await store.write({ key: '/a', value: bytes('x'), expect: 0 }),
      await store.write({ key: '/a', value: bytes('x'), expect: 1 }),
      await store.write({ key: '/a', value: bytes('x'), expect: 3 }),
      await store.write({ key: '/a', value: null, expect: 99 }),
      await store.write({ key: '/b', value: bytes('x'), expect: 2 }),
    ]
    assert.deepEqual(
      refused.map(outcome),
      [one, one, one, one, undefined].map((current) => ({ current })),
    )
    assert.equal(store.revision, 2)
    await read(store, '', {}, [one])
  },

  async 'a delete of an absent key uses no revision and causes no event'(store) {
    const watch = collect(store, '', store.revision)
    for (const expect of [undefined, 0, 5]) {
      const result = await store.write({ key: '/a', value: null, ...(expect === undefined ? {} : { expect }) })
      assert.deepEqual(outcome(result), { current: undefined })
    }
    assert.equal(await put(store, '/b', 'x'), 2)
    await watch.until(1)
    assert.deepEqual(watch.summary(), ['2 put /b x'])
    watch.cancel()
  },

  async 'empty and binary values come back as they were'(store) {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    const large = new Uint8Array(3 * 2 ** 20).fill(7)
    for (const [key, value] of Object.entries({ '/empty': new Uint8Array(), '/all': all, '/large': large })) {
      await store.write({ key, value })
      const entry = await store.get(key)
      assert.ok(entry && Buffer.from(value).equals(entry.value), key)
    }
  },

  async 'of many concurrent writers on one key exactly one wins each revision'(store) {
    await put(store, '/counter', '0')
    const increment = async (): Promise<number> => {
      for (let tries = 1; ; tries++) {
        const current = await store.get('/counter')
        const value = bytes(`${Number(text(current?.value)) + 1}`)
        const result = await store.write({ key: '/counter', value, expect: current?.modRevision ?? 0 })
        if (result.ok) return tries
      }
    }
    await Promise.all(Array.from({ length: 40 }, increment))
    assert.equal(text((await store.get('/counter'))?.value), '40')
    assert.equal(store.revision, FIRST_REVISION + 41)
  },
}
