/**
 * The suite that every Store must pass. A test file of the implementation calls `storeSuite` with a way to open an empty
 * store; everything is checked through the interface alone.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { VirtualClock } from '../lib/clock.ts'
import { scan } from './scan.ts'
import {
  CompactedError,
  FIRST_REVISION,
  FutureRevisionError,
  MAX_KEY_BYTES,
  StoreError,
  type Entry,
  type HistoryBudget,
  type MaybePromise,
  type Store,
  type StoreEvent,
  type WriteResult,
} from './store.ts'

export interface SuiteOptions {
  readonly clock: VirtualClock
  /** The implementation's default when absent. */
  readonly history?: HistoryBudget
}

/** Opens a new empty store. The suite closes it. */
export type OpenStore = (options: SuiteOptions) => MaybePromise<Store>

const UNLIMITED: HistoryBudget = { maxBytes: Infinity, maxAgeMs: Infinity }

/** Declares the tests, under the implementation's `name`. */
export function storeSuite(name: string, open: OpenStore): void {
  describe(`${name} store`, () => {
    for (const [title, body] of Object.entries(cases)) {
      test(title, async () => {
        const clock = new VirtualClock()
        const store = await open({ clock, history: UNLIMITED })
        try {
          await body(store, clock)
        } finally {
          await store.close()
        }
      })
    }
    budgetTests(open)
    propertyTests(open)
  })
}

const cases: Record<string, (store: Store, clock: VirtualClock) => Promise<void>> = {
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

  async 'counts follow creates, updates, deletes and expiry'(store, clock) {
    const counts = async (): Promise<number[]> =>
      Promise.all(['', '/', '/a/', '/a/b', '/c/'].map(async (p) => store.count(p)))
    assert.deepEqual(await counts(), [0, 0, 0, 0, 0])
    for (const key of ['/a/b', '/a/bc', '/a/d', '/c']) await put(store, key, 'x')
    assert.deepEqual(await counts(), [4, 4, 3, 2, 0])
    await Promise.all([put(store, '/a/b', 'y'), remove(store, '/a/d'), put(store, '/c/d', 'x')])
    await store.write({ key: '/c/e', value: bytes('x'), ttlMs: 1000 })
    assert.deepEqual(await counts(), [5, 5, 2, 2, 2])
    assert.equal((await store.range('/', { limit: 1, countRemaining: true })).remaining, 4)
    const watch = collect(store, '/', store.revision)
    await clock.advance(1000)
    await watch.until(1)
    assert.deepEqual(await counts(), [4, 4, 2, 2, 1])
    assert.equal((await store.range('/a/', { limit: 1, countRemaining: true })).remaining, 1)
    watch.cancel()
  },

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

  async 'a watch delivers history, then what follows, without gap or repeat'(store) {
    for (let i = 0; i < 1500; i++) await put(store, `/k/${i % 7}`, `${i}`)
    const watches = [0, 2, 700, 1500, 1501].map((after) => ({ after, watch: collect(store, '/k/', after) }))
    for (let i = 1500; i < 1600; i++) await put(store, `/k/${i % 7}`, `${i}`)
    for (const { after, watch } of watches) {
      const expected = Array.from({ length: 1601 - Math.max(after, 1) }, (_, i) => Math.max(after, 1) + 1 + i)
      await watch.until(expected.length)
      assert.deepEqual(
        watch.events.map((event) => event.revision),
        expected,
      )
      assert.ok(watch.events.every((event) => text(event.entry?.value) === `${event.revision - 2}`))
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

function budgetTests(open: OpenStore): void {
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

interface Step {
  readonly key: string
  readonly value: string | null
  readonly stale: boolean
}

function propertyTests(open: OpenStore): void {
  const step = fc.record({
    key: fc.constantFrom('/a', '/a/', '/a/b', '/ab', '/b/é', '/b/z'),
    value: fc.option(fc.string({ maxLength: 12 }), { freq: 3 }),
    stale: fc.boolean(),
  })
  const history = fc.array(step, { minLength: 1, maxLength: 40 })

  test('reads at every revision and watches from every revision agree with a model', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(40), async (steps, compactAt) => {
        const store = await open({ clock: new VirtualClock(), history: UNLIMITED })
        const model = new Model()
        const live = collect(store, '/', 0)
        for (const each of steps) await apply(store, model, each)
        const compactRevision = Math.min(compactAt, store.revision)
        await store.compact(compactRevision)
        await checkReads(store, model, compactRevision)
        await checkWatches(store, model, compactRevision)
        await live.until(model.events.length)
        assert.deepEqual(live.events.map(comparable), model.events.map(comparable))
        await store.close()
      }),
      { numRuns: 60 },
    )
  })
}

/** The simplest thing that keeps all history: a copy of everything at every revision. */
class Model {
  readonly states: Map<string, Entry>[] = [new Map(), new Map()]
  readonly events: StoreEvent[] = []

  get revision(): number {
    return this.states.length - 1
  }

  current(key: string): Entry | undefined {
    return this.states.at(-1)?.get(key)
  }

  write(key: string, value: string | null): void {
    const state = new Map(this.states.at(-1))
    const previous = state.get(key)
    const revision = this.states.length
    const createRevision = previous?.createRevision ?? revision
    if (value === null) state.delete(key)
    else state.set(key, { key, value: bytes(value), createRevision, modRevision: revision })
    this.states.push(state)
    const type = value === null ? 'delete' : 'put'
    this.events.push({ type, key, revision, entry: state.get(key), previous })
  }
}

async function apply(store: Store, model: Model, { key, value, stale }: Step): Promise<void> {
  const current = model.current(key)
  const expect = (current?.modRevision ?? 0) + (stale ? 1 : 0)
  const result = await store.write({ key, value: value === null ? null : bytes(value), expect })
  if (stale || (value === null && !current)) return assert.deepEqual(outcome(result), { current: plain(current) })
  model.write(key, value)
  assert.deepEqual(outcome(result), { revision: model.revision, previous: plain(current) })
}

async function checkReads(store: Store, model: Model, compactRevision: number): Promise<void> {
  for (let revision = compactRevision; revision <= store.revision; revision++) {
    const state = model.states[revision] ?? new Map<string, Entry>()
    for (const prefix of ['/', '/a', '/a/', '/b/']) {
      const expected = [...state.values()]
        .filter((entry) => entry.key.startsWith(prefix))
        .toSorted((a, b) => Buffer.compare(bytes(a.key), bytes(b.key)))
      await read(
        store,
        prefix,
        { revision },
        expected.map((entry) => plain(entry)),
      )
      await read(
        store,
        prefix,
        { revision, limit: 2 },
        expected.slice(0, 2).map((entry) => plain(entry)),
      )
    }
    for (const key of ['/a', '/a/b', '/b/z'])
      assert.deepEqual(plain(await store.get(key, { revision })), plain(state.get(key)))
  }
}

async function checkWatches(store: Store, model: Model, compactRevision: number): Promise<void> {
  for (let after = compactRevision; after <= store.revision; after++) {
    for (const prefix of ['/', '/a/']) {
      const expected = model.events.filter((event) => event.revision > after && event.key.startsWith(prefix))
      const watch = collect(store, prefix, after)
      await watch.until(expected.length)
      assert.deepEqual(watch.events.map(comparable), expected.map(comparable))
      watch.cancel()
    }
  }
}

/** An entry as the tests compare it. */
interface Plain {
  readonly key: string
  readonly value: string
  readonly created: number
  readonly modified: number
}

function plain(entry: Entry): Plain
function plain(entry: Entry | undefined): Plain | undefined
function plain(entry: Entry | undefined): Plain | undefined {
  if (!entry) return undefined
  const { key, value, createRevision: created, modRevision: modified } = entry
  return { key, value: text(value), created, modified }
}

function comparable({ type, key, revision, entry, previous }: StoreEvent): unknown {
  return { type, key, revision, entry: plain(entry), previous: plain(previous) }
}

function outcome(result: WriteResult): unknown {
  return result.ok
    ? { revision: result.revision, previous: plain(result.previous) }
    : { current: plain(result.current) }
}

/** What a watch has delivered so far, and a way to wait for more. */
function collect(store: Store, prefix: string, after: number) {
  const events: StoreEvent[] = []
  const failed = Promise.withResolvers<Error>()
  let wanted = { count: Infinity, reached: () => {} }
  const cancel = store.watch(prefix, after, {
    onEvents(more) {
      assert.ok(more.length > 0)
      events.push(...more)
      if (events.length >= wanted.count) wanted.reached()
    },
    onError: failed.resolve,
  })
  return {
    events,
    cancel,
    error: failed.promise,
    /** Resolves when `count` events have come. */
    async until(count: number): Promise<void> {
      if (events.length >= count) return
      const { promise, resolve } = Promise.withResolvers<void>()
      wanted = { count, reached: resolve }
      const error = await Promise.race([promise, failed.promise])
      if (error) throw error
    },
    summary: () =>
      events.map(({ type, key, revision, entry, previous }) =>
        [
          revision,
          type,
          key,
          ...(entry ? [text(entry.value)] : []),
          ...(previous ? [`(was ${text(previous.value)})`] : []),
        ].join(' '),
      ),
  }
}

async function put(store: Store, key: string, value: string, expect?: number): Promise<number> {
  const result = await store.write({ key, value: bytes(value), ...(expect === undefined ? {} : { expect }) })
  assert.ok(result.ok, `put ${key}`)
  return result.revision
}

async function remove(store: Store, key: string, expect?: number): Promise<number> {
  const result = await store.write({ key, value: null, ...(expect === undefined ? {} : { expect }) })
  assert.ok(result.ok, `delete ${key}`)
  return result.revision
}

async function read(
  store: Store,
  prefix: string,
  options: { revision?: number; limit?: number },
  expected: readonly Plain[],
): Promise<void> {
  const range = await store.range(prefix, options)
  assert.deepEqual(range.entries.map(plain), expected)
  assert.equal(range.revision, options.revision ?? store.revision)
  const shown: Plain[] = []
  const whole = await scan(store, prefix, options, (entry) => shown.push(plain(entry)) > 0)
  assert.deepEqual(shown, expected)
  assert.deepEqual(whole, { last: range.entries.at(-1)?.key, more: range.more, revision: range.revision })
  const first = await scan(store, prefix, options, () => false)
  assert.equal(first.last, range.entries[0]?.key)
  assert.equal(first.more, range.more || range.entries.length > 1)
}

async function keys(store: Store, prefix: string, options?: { revision?: number; start?: string }): Promise<string[]> {
  return (await store.range(prefix, options)).entries.map((entry) => entry.key)
}

/** Lets background work run until `condition` holds; the test's own time limit ends a wait in vain. */
async function until(clock: VirtualClock, condition: () => boolean): Promise<void> {
  while (!condition()) await clock.advance(100)
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function text(value: Uint8Array | undefined): string {
  return new TextDecoder().decode(value)
}
