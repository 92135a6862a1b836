import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { StoreError } from '../store.ts'
import { LmdbStore } from './store.ts'
import { testFolder } from './testing/folder.ts'

const clock = new VirtualClock()

test('one process at a time has a store, until it closes it or dies', async (t) => {
  const path = testFolder(t)
  const program = join(import.meta.dirname, 'testing/crash-writer.ts')
  const other = spawn(process.execPath, [program, path, '1', '1e9'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(other, 'exit')
  for await (const _ of createInterface({ input: other.stdout })) break
  await assert.rejects(LmdbStore.open({ path, clock }), new RegExp(`in use by process ${other.pid}`))
  other.kill('SIGKILL')
  await exited

  const store = await LmdbStore.open({ path, clock })
  await assert.rejects(LmdbStore.open({ path, clock }), (error) => {
    return error instanceof StoreError && error.message.includes('in use by this process')
  })
  const result = await store.write({ key: '/still', value: new Uint8Array(1) })
  assert.ok(result.ok, 'the refused one has not touched it')
  await store.close()
  await (await LmdbStore.open({ path, clock })).close()
})
