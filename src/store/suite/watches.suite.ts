import assert from 'node:assert/strict'
import { FIRST_REVISION } from '../store.ts'
import { collect, comparable, put, remove, text, type Cases } from './support.suite.ts'

/** What a watch delivers, and when. */
export const watches: Cases = {
  async 'a watch delivers history, then what follows, without gap or repeat'(store) {
    // An etcd that others write to, too, has revisions that are not ours.
    const revisions: number[] = []
    for (let i = 0; i < 1500; i++) revisions.push(await put(store, `/k/${i % 7}`, `${i}`))
    const watches = [0, 2, 700, 1500, 1501].map((after) => ({ after, watch: collect(store, '/k/', after) }))
    for (let i = 1500; i < 1600; i++) revisions.push(await put(store, `/k/${i % 7}`, `${i}`))
    for (const { after, watch } of watches) {
      const expected = revisions.filter((revision) => revision > after)
      await watch.until(expected.length)
      assert.deepEqual(
        watch.events.map((event) => event.revision),
        expected,
      )
      assert.ok(watch.events.every((event) => text(event.entry?.value) === `${revisions.indexOf(event.revision)}`))
      watch.cancel()
    }
  },

  async 'a watch from the future skips what comes before it'(store) {
    const watch = collect(store, '/', 3)
    for (const value of ['2', '3', '4', '5']) await put(store, '/a', value)
    await watch.until(2)
    assert.deepEqual(watch.summary(), ['4 put /a 4 (was 3)', '5 put /a 5 (was 4)'])
    watch.cancel()
  },

  async 'events tell what was there before, from history and live'(store) {
    const live = collect(store, '/', store.revision)
    await put(store, '/a', 'x')
    await put(store, '/a', 'y')
    await remove(store, '/a')
    await put(store, '/a', 'z')
    const replayed = collect(store, '/', FIRST_REVISION)
    const expected = ['2 put /a x', '3 put /a y (was x)', '4 delete /a (was y)', '5 put /a z']
    for (const watch of [live, replayed]) {
      await watch.until(4)
      assert.deepEqual(watch.summary(), expected)
      watch.cancel()
    }
    assert.deepEqual(live.events.map(comparable), replayed.events.map(comparable))
  },

  async 'a watch that has caught up has the event before the write resolves'(store) {
    const watch = collect(store, '/', store.revision)
    await put(store, '/a', 'x')
    assert.deepEqual(watch.summary(), ['2 put /a x'])
    watch.cancel()
  },

  async 'nothing is delivered inside watch, nor after its end'(store) {
    await put(store, '/a', 'x')
    let inside = true
    const cancel = store.watch('/', 0, {
      onEvents: () => assert.equal(inside, false),
      onError: (error) => assert.fail(error),
    })
    inside = false
    cancel()
    cancel()
    const other = collect(store, '/', 0)
    await put(store, '/a', 'y')
    await other.until(2)
    other.cancel()
    await put(store, '/a', 'z')
    assert.equal(other.events.length, 2)
  },

  async 'a watch tells when it has caught up'(store) {
    for (let i = 0; i < 1200; i++) await put(store, '/a', `${i}`)
    for (const after of [FIRST_REVISION, store.revision, store.revision + 1]) {
      const seen: number[] = []
      const caughtUp = Promise.withResolvers<number>()
      const cancel = store.watch('/', after, {
        onEvents: (events) => void seen.push(...events.map((event) => event.revision)),
        onCaughtUp: () => caughtUp.resolve(store.revision),
        onError: caughtUp.reject,
      })
      assert.ok((await caughtUp.promise) <= Math.max(after, seen.at(-1) ?? 0))
      cancel()
    }
  },
}
