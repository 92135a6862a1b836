import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Restoration, Restored, SnapshotEntry, SnapshotSource } from '../snapshot/snapshot.ts'
import { StoreError } from '../store.ts'
import { encodeEntry, encodeState } from './format.ts'
import { syncFolder } from './preflight.ts'
import { openTables, readTables, STATE, type Tables } from './tables.ts'

/**
 * Reads the store in a folder as of now. It may be in use: LMDB shows what the last commit left, however long reading takes.
 * Throws StoreError when there is none.
 */
export function readLmdb(path: string): SnapshotSource {
  if (!existsSync(join(path, 'data.mdb'))) throw new StoreError(`there is no store in ${path}`)
  const { revision, entries, close } = readTables(path)
  return {
    revision,
    async *entries() {
      for (const { key, value } of entries()) {
        const { createRevision, modRevision, dueMs } = value
        yield { key, value: value.value, createRevision, modRevision, dueMs }
      }
    },
    close,
  }
}

/** How much goes into one commit. */
const BATCH_ENTRIES = 1000

/**
 * Makes a new store in the folder `path`: it is there whole, or not at all. One that is there is moved to `aside`, or else refused.
 * (Names with a dot are files to lmdb.)
 */
export async function fillLmdb(
  path: string,
  { head, entries, bump }: Restoration,
  aside: string | undefined,
): Promise<Restored> {
  if (existsSync(path) && aside === undefined) throw new StoreError(`there is a store in ${path}`)
  const part = `${path}-restoring`
  await rm(part, { recursive: true, force: true })
  const tables = await openTables(part)
  const revision = head.revision + bump
  let keys = 0
  try {
    for await (const batch of inBatches(entries)) {
      await tables.commit(() => batch.flatMap((entry) => puts(tables, entry)))
      keys += batch.length
    }
    const state = { revision, compactRevision: revision, sweptRevision: revision, historyBytes: 0 }
    await tables.commit(() => [tables.meta.put(STATE, encodeState(state))])
  } finally {
    await tables.close()
  }
  if (aside !== undefined && existsSync(path)) await rename(path, aside)
  await rename(part, path)
  syncFolder(dirname(path))
  return { keys, revision }
}

function puts(tables: Tables, { key, dueMs, ...stored }: SnapshotEntry): Promise<boolean>[] {
  const put = tables.current.put(key, encodeEntry({ ...stored, dueMs }))
  return dueMs === 0 ? [put] : [put, tables.expiry.put({ dueMs, revision: stored.modRevision }, key)]
}

async function* inBatches(entries: AsyncIterable<SnapshotEntry>): AsyncIterable<SnapshotEntry[]> {
  let batch: SnapshotEntry[] = []
  for await (const entry of entries) {
    batch.push(entry)
    if (batch.length < BATCH_ENTRIES) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
