import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { StoreError } from '../store.ts'
import { Reader } from './reader.ts'
import { LmdbStore } from './store.ts'
import { openTables } from './tables.ts'
import { testFolder } from './testing/folder.ts'
import { Writer } from './writer.ts'

const clock = new VirtualClock()
const value = new Uint8Array(10)

interface Filled {
  readonly acked: number
  readonly failures: readonly string[]
  readonly read: number
  readonly later: boolean | string
  readonly revision: number
  readonly watched: readonly number[]
}

test(
  'when the file cannot grow, writes fail loudly, reads go on, and later writes succeed',
  { skip: noShell() },
  async (t) => {
    const path = testFolder(t)
    // The shell ignores SIGXFSZ, so that writes past the limit (in blocks of 512 or 1024 bytes) fail instead of killing.
    const script = 'trap "" XFSZ; ulimit -f 8192; exec "$0" "$@"'
    const program = join(import.meta.dirname, 'testing/fill.ts')
    const output = execFileSync('sh', ['-c', script, process.execPath, program, path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const filled = JSON.parse(output) as Filled
    assert.match(filled.failures.join(), /^StoreError: the store in .* could not write: /)
    assert.ok(filled.acked > 100)
    assert.equal(filled.read, filled.acked, 'nothing of a failed batch is visible')
    assert.equal(filled.later, true)
    assert.deepEqual(
      filled.watched,
      Array.from({ length: filled.revision - 1 }, (_, i) => i + 2),
      'watches see exactly what succeeded',
    )
    const store = await LmdbStore.open({ path, clock })
    assert.equal(store.revision, filled.revision)
    assert.ok(store.get('/later'))
    await store.close()
  },
)

test('a failed commit rejects its batch and changes nothing; the next one counts on', async (t) => {
  const tables = await openTables(testFolder(t))
  let failing = true
  const commit = (change: () => Promise<boolean>[]): Promise<void> =>
    failing ? Promise.reject(new Error('injected')) : tables.commit(change)
  const writer = writerOf({ ...tables, commit })
  const failed = await Promise.allSettled([1, 2, 3].map((i) => writer.write({ key: `/${i}`, value })))
  for (const result of failed)
    assert.match(String(result.status === 'rejected' && result.reason), /StoreError.*injected/)
  failing = false
  assert.deepEqual(await writer.write({ key: '/1', value, expect: 0 }), { ok: true, revision: 2, previous: undefined })
  await writer.idle()
  await tables.close()
})

test('when LMDB gives itself up, nothing is written any more', async (t) => {
  const tables = await openTables(testFolder(t))
  let commits = 0
  let broken: StoreError | undefined
  const commit = (): Promise<void> => {
    commits++
    return Promise.reject(new Error('injected'))
  }
  const checkUsable = (): void => {
    throw new Error('given up')
  }
  const writer = writerOf({ ...tables, commit, checkUsable }, (error) => (broken = error))
  await assert.rejects(writer.write({ key: '/a', value }), /may or may not have happened/)
  await assert.rejects(writer.write({ key: '/b', value }), StoreError)
  await assert.rejects(writer.compact(1), StoreError)
  assert.equal(commits, 1)
  assert.ok(broken)
  await tables.close()
})

function writerOf(
  tables: Awaited<ReturnType<typeof openTables>>,
  broken: (error: StoreError) => void = () => {},
): Writer {
  const history = { maxBytes: Infinity, maxAgeMs: Infinity }
  return new Writer({ tables, reader: new Reader(tables), clock, history, compacting() {}, committed() {}, broken })
}

function noShell(): string | false {
  return process.platform === 'win32' && 'no shell that limits file sizes'
}
