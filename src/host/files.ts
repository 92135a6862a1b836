import { chmodSync, chownSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

export interface WriteFileOptions {
  readonly mode: number
  /** Who shall own it; the current user when absent. */
  readonly owner?: { readonly uid: number; readonly gid: number }
}

/** Replaces a file in one step, so that readers and power cuts see the old text or the new one, whole. */
export function writeFileAtomic(path: string, text: string | Uint8Array, options: WriteFileOptions): void {
  const fresh = `${path}.${process.pid}.new`
  try {
    const fd = openSync(fresh, 'w', options.mode)
    try {
      writeSync(fd, typeof text === 'string' ? Buffer.from(text) : text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    chmodSync(fresh, options.mode)
    if (options.owner) chownSync(fresh, options.owner.uid, options.owner.gid)
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
}
