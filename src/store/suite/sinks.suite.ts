import assert from 'node:assert/strict'
import { StoreError, type WriteResult } from '../store.ts'
import { bytes, collect, put, type Cases } from './support.suite.ts'

/** What a watch may do from inside its callbacks. */
export const sinks: Cases = {
  async 'a watch may be ended, and others started and ended, from inside its callback'(store) {
    const seen: string[] = []
    const ended = Promise.withResolvers<void>()
    const cancelFirst = store.watch('/', store.revision, {
      onEvents(events) {
        seen.push(...events.map((event) => `first ${event.revision}`))
        cancelFirst()
        cancelSecond()
        const cancelThird = store.watch('/', 1, {
          onEvents(later) {
            seen.push(...later.map((event) => `third ${event.revision}`))
            if (later.at(-1)?.revision !== 3) return
            cancelThird()
            ended.resolve()
          },
          onError: ended.reject,
        })
      },
      onError: ended.reject,
    })
    const cancelSecond = store.watch('/', store.revision, {
      onEvents: (events) => void seen.push(...events.map((event) => `second ${event.revision}`)),
      onError: ended.reject,
    })
    await put(store, '/a', 'x')
    await put(store, '/a', 'y')
    await ended.promise
    assert.deepEqual(seen, ['first 2', 'third 2', 'third 3'])
  },

  async 'writes from inside a callback keep every watch in order'(store) {
    const written: Promise<WriteResult>[] = []
    const writer = store.watch('/from', store.revision, {
      onEvents(events) {
        for (const { key } of events) written.push(store.write({ key: key.replace('/from', '/to'), value: bytes('x') }))
      },
      onError: (error) => assert.fail(error),
    })
    const watch = collect(store, '/', store.revision)
    for (let i = 0; i < 5; i++) await put(store, `/from/${i}`, 'x')
    await watch.until(10)
    assert.deepEqual(
      watch.events.map((event) => event.revision),
      [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    )
    await Promise.all(written)
    writer()
    watch.cancel()
  },

  async 'a watch whose sink throws ends alone'(store) {
    const failed = Promise.withResolvers<Error>()
    store.watch('/', store.revision, {
      onEvents() {
        throw new Error('sink')
      },
      onError: failed.resolve,
    })
    const watch = collect(store, '/', store.revision)
    await put(store, '/a', 'x')
    await put(store, '/a', 'y')
    assert.ok((await failed.promise) instanceof StoreError)
    assert.equal(watch.events.length, 2)
    watch.cancel()
  },
}
