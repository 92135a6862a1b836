import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { controllerRateLimiter } from './rate-limiter.ts'
import { WorkQueue } from './workqueue.ts'

function queue(): { readonly clock: VirtualClock; readonly queue: WorkQueue } {
  const clock = new VirtualClock()
  return { clock, queue: new WorkQueue({ clock }) }
}

describe('WorkQueue', () => {
  it('hands out each key once, in order', async () => {
    const { queue: q } = queue()
    for (const key of ['a', 'b', 'a']) q.add(key)
    assert.deepEqual([await q.get(), await q.get(), q.depth], ['a', 'b', 0])
  })

  it('never hands out a key that is being worked on, but again afterwards', async () => {
    const { queue: q } = queue()
    q.add('a')
    await q.get()
    q.add('a')
    q.add('a')
    assert.equal(q.depth, 0)
    q.done('a')
    assert.equal(q.depth, 1)
    assert.equal(await q.get(), 'a')
    q.done('a')
    assert.equal(q.idle, true)
  })

  it('adds delayed keys when they are due, the earliest delay of each counting', async () => {
    const { clock, queue: q } = queue()
    q.addAfter('late', 5000)
    q.addAfter('a', 3000)
    q.addAfter('a', 1000)
    q.addAfter('a', 2000)
    await clock.advance(999)
    assert.equal(q.depth, 0)
    await clock.advance(1)
    assert.equal(q.depth, 1)
    await q.get()
    q.done('a')
    await clock.advance(3000)
    assert.equal(q.depth, 0)
    await clock.advance(1000)
    assert.equal(await q.get(), 'late')
  })

  it('wakes who waits, and lets go when closed', async () => {
    const { queue: q } = queue()
    const waiting = [q.get(), q.get()]
    q.add('a')
    q.close()
    q.add('b')
    assert.deepEqual(await Promise.all([...waiting, q.get()]), ['a', undefined, undefined])
  })

  it('reports what the metrics of upstream count', async () => {
    const clock = new VirtualClock()
    const seen: unknown[] = []
    const q = new WorkQueue({
      clock,
      metrics: {
        added: (depth) => seen.push(['added', depth]),
        started: (depth, waitedMs) => seen.push(['started', depth, waitedMs]),
        finished: (workedMs) => seen.push(['finished', workedMs]),
        retried: () => seen.push(['retried']),
      },
    })
    q.add('a')
    await clock.advance(20)
    await q.get()
    await clock.advance(30)
    q.done('a')
    q.addRateLimited('a')
    assert.deepEqual(seen, [['added', 1], ['started', 0, 20], ['finished', 30], ['retried']])
  })
})

describe('controllerRateLimiter', () => {
  it('doubles per key from 5 ms up to 1,000 s, until the key is forgotten', () => {
    const limiter = controllerRateLimiter(new VirtualClock())
    const waits = Array.from({ length: 20 }, () => limiter.when('a'))
    assert.deepEqual(waits.slice(0, 4), [5, 10, 20, 40])
    assert.equal(waits.at(-1), 1_000_000)
    assert.equal(limiter.failures('a'), 20)
    limiter.forget('a')
    assert.equal(limiter.when('a'), 5)
  })

  it('lets no more than ten a second through over all keys, after the first hundred', () => {
    const limiter = controllerRateLimiter(new VirtualClock())
    for (let i = 0; i < 100; i++) assert.equal(limiter.when(`key-${i}`), 5)
    assert.equal(limiter.when('one'), 100)
    assert.equal(limiter.when('two'), 200)
  })
})
