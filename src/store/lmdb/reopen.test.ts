import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'lmdb'
import { VirtualClock } from '../../lib/clock.ts'
import { CompactedError, StoreError, type StoreEvent } from '../store.ts'
import { LmdbStore } from './store.ts'
import { testFolder } from './testing/folder.ts'

const value = new TextEncoder().encode('value')

test('a reopened store goes on where it ended', async (t) => {
  const path = testFolder(t)
  const first = await LmdbStore.open({ path, clock: new VirtualClock() })
  for (let i = 0; i < 10; i++) await first.write({ key: `/k/${i % 4}`, value })
  await first.write({ key: '/k/0', value: null })
  await first.compact(5)
  const { entries } = first.range('/')
  await first.close()

  const second = await LmdbStore.open({ path, clock: new VirtualClock() })
  assert.deepEqual([second.revision, second.compactRevision], [12, 5])
  assert.deepEqual(second.range('/').entries, entries)
  assert.equal(second.get('/k/0', { revision: 11 })?.modRevision, 10)
  assert.throws(() => second.get('/k/0', { revision: 4 }), CompactedError)
  assert.deepEqual(
    (await history(second, 5)).map((event) => event.revision),
    [6, 7, 8, 9, 10, 11, 12],
  )
  const again = await second.write({ key: '/k/0', value, expect: 0 })
  assert.equal(again.ok && again.revision, 13)
  await second.close()
})

test('times to live run on while the store is closed', async (t) => {
  const path = testFolder(t)
  const clock = new VirtualClock()
  const first = await LmdbStore.open({ path, clock })
  await first.write({ key: '/soon', value, ttlMs: 1000 })
  await first.write({ key: '/later', value, ttlMs: 60_000 })
  await first.write({ key: '/kept', value, ttlMs: 1000 })
  await first.write({ key: '/kept', value })
  await first.close()
  await clock.advance(30_000)

  const second = await LmdbStore.open({ path, clock })
  const deleted = watchDeletes(second)
  await clock.advance(0)
  assert.equal(await deleted(), '/soon')
  await clock.advance(29_999)
  assert.equal(second.count('/'), 2)
  await clock.advance(1)
  assert.equal(await deleted(), '/later')
  await second.close()
})

test('more keys expire at once than one step deletes', async (t) => {
  const clock = new VirtualClock()
  const store = await LmdbStore.open({ path: testFolder(t), clock })
  await Promise.all(Array.from({ length: 1200 }, (_, i) => store.write({ key: `/k/${i}`, value, ttlMs: 1000 })))
  const deleted = watchDeletes(store)
  await clock.advance(1000)
  for (let i = 0; i < 1200; i++) {
    if (clock.nextDue() !== undefined) await clock.advance(0)
    await deleted()
  }
  assert.equal(store.count('/'), 0)
  await store.close()
})

test('a store of another format is refused, and left as it is', async (t) => {
  const path = testFolder(t)
  await (await LmdbStore.open({ path, clock: new VirtualClock() })).close()
  await editMeta(path, Buffer.of(99))
  await assert.rejects(LmdbStore.open({ path, clock: new VirtualClock() }), (error) => {
    assert.ok(error instanceof StoreError)
    return (
      error.message.includes(path) && error.message.includes('format 99') && error.message.includes('only format 1')
    )
  })
  await editMeta(path, Buffer.of(1))
  await (await LmdbStore.open({ path, clock: new VirtualClock() })).close()
})

test('what cannot be a store is refused with a reason', async (t) => {
  const path = testFolder(t)
  const file = join(path, 'data.mdb')
  for (const content of ['x', 'x'.repeat(100_000), '\0'.repeat(100_000)]) {
    writeFileSync(file, content)
    await assert.rejects(LmdbStore.open({ path, clock: new VirtualClock() }), /StoreError: .*data.mdb is not a store/)
  }
  await assert.rejects(
    LmdbStore.open({ path: join(file, 'below'), clock: new VirtualClock() }),
    /StoreError: cannot open.*ENOTDIR/,
  )
  rmSync(file)
  await (await LmdbStore.open({ path, clock: new VirtualClock() })).close()
})

async function editMeta(path: string, format: Uint8Array): Promise<void> {
  const root = open({ path, maxDbs: 5, overlappingSync: false })
  const meta = root.openDB<Uint8Array, Uint8Array>({ name: 'meta', encoding: 'binary', keyEncoding: 'binary' })
  await meta.put(Buffer.from('format'), format)
  await root.close()
}

async function history(store: LmdbStore, after: number): Promise<StoreEvent[]> {
  const events: StoreEvent[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  store.watch('/', after, { onEvents: (more) => void events.push(...more), onCaughtUp: resolve, onError: reject })
  await promise
  return events
}

/** Returns a function that resolves with the next key that is deleted. */
function watchDeletes(store: LmdbStore): () => Promise<string> {
  const keys: string[] = []
  let wake = (): void => {}
  store.watch('/', store.revision, {
    onEvents(events) {
      keys.push(...events.filter(({ type }) => type === 'delete').map(({ key }) => key))
      wake()
    },
    onError: (error) => assert.fail(error),
  })
  return async () => {
    while (keys.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return keys.shift() ?? ''
  }
}
