import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { StoreError } from '../store.ts'
import { LmdbStore } from './store.ts'
import { testFolder } from './testing/folder.ts'

const clock = new VirtualClock()

test('a snapshot taken under writes is a store as of one revision', async (t) => {
  const folder = testFolder(t)
  const store = await LmdbStore.open({ path: join(folder, 'store'), clock })
  let writing = true
  const writer = async (client: number): Promise<void> => {
    for (let i = 0; writing; i++) {
      await store.write({ key: `/k/${client}/${i % 50}`, value: new Uint8Array(3000).fill(i) })
    }
  }
  const writers = Array.from({ length: 8 }, (_, client) => writer(client))
  await store.write({ key: '/before', value: new Uint8Array(1) })
  const before = store.revision
  await store.snapshot(join(folder, 'copy'))
  const after = store.revision
  writing = false
  await Promise.all(writers)

  const copy = await LmdbStore.open({ path: join(folder, 'copy'), clock })
  assert.ok(copy.revision >= before && copy.revision <= after, `${before} ≤ ${copy.revision} ≤ ${after}`)
  assert.deepEqual(copy.range('/').entries, store.range('/', { revision: copy.revision }).entries)
  assert.deepEqual(copy.range('/', { revision: 5 }).entries, store.range('/', { revision: 5 }).entries)
  const result = await copy.write({ key: '/own', value: new Uint8Array(1) })
  assert.equal(result.ok && result.revision, copy.revision)
  assert.equal(store.get('/own'), undefined)
  await copy.close()
  await store.close()
})

test('a snapshot does not overwrite anything', async (t) => {
  const folder = testFolder(t)
  const store = await LmdbStore.open({ path: join(folder, 'store'), clock })
  writeFileSync(join(folder, 'precious'), 'x')
  await assert.rejects(store.snapshot(folder), StoreError)
  await assert.rejects(store.snapshot(join(folder, 'precious')), StoreError)
  assert.deepEqual((await readdir(folder)).toSorted(), ['precious', 'store'])
  await store.close()
})
