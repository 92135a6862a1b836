import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VirtualClock } from '../../lib/clock.ts'
import type { Entry, Store, StoreEvent } from '../store.ts'
import { bytes, collect, comparable, outcome, plain, read, UNLIMITED, type OpenStore } from './support.suite.ts'

interface Step {
  readonly key: string
  readonly value: string | null
  readonly stale: boolean
}

/** Declares the tests that compare a store with the simplest thing that keeps all history. */
export function modelTests(open: OpenStore, runs: number): void {
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
      { numRuns: runs },
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
