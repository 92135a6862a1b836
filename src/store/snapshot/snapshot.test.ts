import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { noEtcd, startEtcd } from '../etcd/testing/etcd-process.ts'
import { fillEtcd, readEtcd } from '../etcd/snapshot.ts'
import { EtcdStore } from '../etcd/store.ts'
import { fillLmdb, readLmdb } from '../lmdb/snapshot.ts'
import { LmdbStore } from '../lmdb/store.ts'
import { CompactedError, type Store, StoreError } from '../store.ts'
import { collect, put, remove, text } from '../suite/support.suite.ts'
import { readSnapshot, writeSnapshot } from './format.ts'
import type { SnapshotSource } from './snapshot.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-snapshot-'))
after(() => rmSync(folder, { recursive: true }))
const BUMP = 1000

async function save(source: SnapshotSource, store: string): Promise<string> {
  const file = join(folder, `${store}.skiff`)
  await writeSnapshot(file, { revision: source.revision, savedMs: 1, store }, source.entries())
  await source.close()
  return file
}

async function content(store: Store): Promise<Record<string, string>> {
  const { entries } = await store.range('/registry/')
  return Object.fromEntries(entries.map(({ key, value }) => [key, text(value)]))
}

/** History before the restored revision is gone, and what comes after is watched. */
async function startsAnew(store: Store, lastRevision: number): Promise<void> {
  assert.ok(store.revision >= lastRevision + BUMP)
  const old = collect(store, '/', lastRevision)
  assert.ok((await old.error) instanceof CompactedError)
  const watch = collect(store, '/', store.revision)
  const revision = await put(store, '/registry/new', 'n')
  await watch.until(1)
  assert.deepEqual(watch.summary(), [`${revision} put /registry/new n`])
  await remove(store, '/registry/new')
  watch.cancel()
}

test('a store goes from lmdb to etcd and back', { skip: noEtcd() ?? false }, async () => {
  const etcd = await startEtcd()
  const place = { endpoints: etcd.endpoints }
  const first = await LmdbStore.open({ path: join(folder, 'first'), clock: systemClock })
  for (let i = 0; i < 250; i++) await put(first, `/registry/things/${i}`, `value ${i}`)
  await put(first, '/registry/things/7', 'seven')
  await remove(first, '/registry/things/8')
  await first.write({ key: '/registry/events/e', value: Buffer.from('e'), ttlMs: 3_600_000 })
  const before = await content(first)
  // It is in use by this very process.
  const file = await save(readLmdb(join(folder, 'first')), 'lmdb')
  const { revision } = first
  await first.close()

  const one = await readSnapshot(file)
  assert.equal(one.head.revision, revision)
  await fillEtcd(place, { ...one, bump: BUMP })
  const second = await EtcdStore.open({ ...place, clock: systemClock })
  assert.deepEqual(await content(second), before)
  await startsAnew(second, revision)
  await assert.rejects(
    fillEtcd(place, { ...(await readSnapshot(file)), bump: BUMP }),
    /etcd has keys below \/registry\/ already/,
  )
  const again = await save(await readEtcd(place), 'etcd')
  const last = second.revision
  await second.close()

  const two = await readSnapshot(again)
  assert.equal(two.head.revision, last)
  await fillLmdb(join(folder, 'third'), { ...two, bump: BUMP }, undefined)
  const third = await LmdbStore.open({ path: join(folder, 'third'), clock: systemClock })
  assert.deepEqual(await content(third), before)
  await startsAnew(third, last)
  await third.close()
  const due = readLmdb(join(folder, 'third'))
  for await (const entry of due.entries()) {
    const isEvent = entry.key === '/registry/events/e'
    const leftMs = entry.dueMs - systemClock.now()
    assert.equal(isEvent, entry.dueMs > 0)
    if (isEvent) assert.ok(leftMs > 3_500_000 && leftMs < 3_800_000, `${leftMs}`)
  }
  await due.close()
  await etcd.stop()
})

test('an etcd whose restoration was interrupted is refused', { skip: noEtcd() ?? false }, async () => {
  const etcd = await startEtcd()
  const entry = { key: '/registry/a', value: Buffer.from('a'), createRevision: 2, modRevision: 2, dueMs: 0 }
  const torn = async function* () {
    yield entry
    throw new Error('torn')
  }
  const head = { revision: 2, savedMs: 1, store: 'lmdb' }
  const place = { endpoints: etcd.endpoints }
  await assert.rejects(fillEtcd(place, { head, entries: torn(), bump: BUMP }), /torn/)
  await assert.rejects(EtcdStore.open({ ...place, clock: systemClock }), /its restoration was interrupted/)
  await etcd.stop()
})

test('a store that is there is put aside, or left alone', async () => {
  const path = join(folder, 'there')
  const head = { revision: 5, savedMs: 1, store: 'lmdb' }
  const value = Buffer.from('x')
  const entries = async function* () {
    yield { key: '/registry/a', value, createRevision: 5, modRevision: 5, dueMs: 0 }
  }
  await fillLmdb(path, { head, entries: entries(), bump: 1 }, undefined)
  await assert.rejects(fillLmdb(path, { head, entries: entries(), bump: 1 }, undefined), StoreError)
  await fillLmdb(path, { head, entries: entries(), bump: 2 }, `${path}-before`)
  const revisions = [path, `${path}-before`].map((at) => {
    const source = readLmdb(at)
    void source.close()
    return source.revision
  })
  assert.deepEqual(revisions, [7, 6])
})

test('files that are no snapshots, damaged, or cut short are refused; a failed save leaves nothing', async () => {
  const source = async function* () {
    for (let i = 0; i < 2000; i++)
      yield { key: `/k/${i}`, value: Buffer.alloc(100, i), createRevision: i, modRevision: i, dueMs: 0 }
  }
  const file = join(folder, 'whole.skiff')
  assert.equal(await writeSnapshot(file, { revision: 9, savedMs: 1, store: 'memory' }, source()), 2000)
  let count = 0
  for await (const { key, value } of (await readSnapshot(file)).entries) {
    assert.deepEqual([key, value], [`/k/${count}`, Buffer.alloc(100, count)])
    count++
  }
  assert.equal(count, 2000)
  const bytes = readFileSync(file)
  const broken = join(folder, 'broken.skiff')
  const refused = async (content: Buffer, why: RegExp): Promise<void> => {
    writeFileSync(broken, content)
    await assert.rejects(readSnapshot(broken), why)
  }
  await refused(Buffer.from('apiVersion: v1\n'), /is not a snapshot of skiff/)
  await refused(bytes.subarray(0, bytes.length - 1), /is damaged or incomplete/)
  await refused(bytes.subarray(0, 20), /is damaged or incomplete/)
  await refused(
    Buffer.concat([bytes.subarray(0, 50), Buffer.of((bytes[50] ?? 0) ^ 1), bytes.subarray(51)]),
    /is damaged/,
  )
  await refused(Buffer.concat([bytes.subarray(0, 7), Buffer.of(9), bytes.subarray(8)]), /format 9/)
  const torn = async function* () {
    yield* source()
    throw new Error('torn')
  }
  await assert.rejects(
    writeSnapshot(join(folder, 'torn'), { revision: 9, savedMs: 1, store: 'memory' }, torn()),
    /torn/,
  )
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('torn')),
    [],
  )
})
