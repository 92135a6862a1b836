import assert from 'node:assert/strict'
import { FIRST_REVISION } from '../store.ts'
import { bytes, collect, text, type Cases } from './support.suite.ts'

/** For stores that take writes in the order they are asked for. */
export const order: Cases = {
  async 'concurrent writes take effect in the order they were asked for'(store) {
    const watch = collect(store, '/', store.revision)
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) => store.write({ key: `/k/${i % 10}`, value: bytes(`${i}`) })),
    )
    assert.deepEqual(
      results.map((result) => result.ok && result.revision),
      Array.from({ length: 200 }, (_, i) => FIRST_REVISION + 1 + i),
    )
    await watch.until(200)
    assert.ok(watch.events.every((event) => text(event.entry?.value) === `${event.revision - FIRST_REVISION - 1}`))
    watch.cancel()
  },
}
