import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreError } from '../store.ts'
import { syncFolder } from './preflight.ts'
import { messageOf, type Tables } from './tables.ts'

/** See LmdbStore.snapshot. LMDB copies from a read transaction, in a thread of its own. */
export async function backupTables(tables: Tables, path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    const inTheWay = await readdir(path)
    if (inTheWay.length > 0) throw new Error(`${path} is not empty`)
    await copyDurably(tables, path)
  } catch (error) {
    throw new StoreError(`cannot take a snapshot into ${path}: ${messageOf(error)}`, { cause: error })
  }
}

async function copyDurably(tables: Tables, path: string): Promise<void> {
  const file = join(path, 'data.mdb')
  try {
    await tables.backup(path)
    const handle = await open(file, 'r+')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    syncFolder(path)
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
}
