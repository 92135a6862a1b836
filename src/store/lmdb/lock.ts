import { join } from 'node:path'
import { open } from 'lmdb'
import { StoreError } from '../store.ts'

/** Held until it is released, or the process ends, however it ends. */
export interface StoreLock {
  release(): Promise<void>
}

/**
 * Takes the store in the folder `path` for this process. Throws StoreError when somebody has it.
 *
 * The lock is a reader in an LMDB environment of its own that holds no data. LMDB has each reader lock a byte of the
 * environment's lock file, so that the kernel knows which readers live: no process id is guessed from a file. Whoever
 * comes registers first and looks then: of two that start together, at least one sees the other.
 */
export async function lockStore(path: string): Promise<StoreLock> {
  const owner = open({ path: join(path, 'owner.mdb'), overlappingSync: false })
  const reader = owner.useReadTransaction()
  owner.readerCheck()
  const pids = readerPids(owner.readerList())
  const release = async (): Promise<void> => {
    reader.done()
    await owner.close()
  }
  if (pids.length === 1) return { release }
  await release()
  const other = pids.find((pid) => pid !== process.pid)
  const holder = other === undefined ? 'this process' : `process ${other}`
  throw new StoreError(`the store in ${path} is in use by ${holder}: one process at a time can have it`)
}

/** LMDB's list has a heading, then a line for each reader that begins with the process id. */
function readerPids(list: string): number[] {
  return Array.from(list.matchAll(/^ *(\d+) /gm), ([, pid]) => Number(pid))
}
