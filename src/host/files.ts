import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export interface WriteFileOptions {
  readonly mode: number
  /** Who shall own it; the current user when absent. */
  readonly owner?: { readonly uid: number; readonly gid: number }
}

/**
 * Replaces a file in one step, so that readers and power cuts see the old text or the new one, whole. Files that are replaced one after the other
 * are so on the disk, too. Nobody but the owner of the mode sees the text at any time, and no link is followed.
 */
export function writeFileAtomic(path: string, text: string | Uint8Array, options: WriteFileOptions): void {
  const fresh = `${path}.${process.pid}.new`
  // Left behind by somebody, or laid there for us: a link that leads elsewhere, a file that others may read.
  rmSync(fresh, { force: true })
  const fd = openSync(fresh, 'wx', 0o600)
  try {
    try {
      writeFileSync(fd, text)
      if (options.owner) fchownSync(fd, options.owner.uid, options.owner.gid)
      fchmodSync(fd, options.mode)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

/** Has the names of a folder's files be on the disk. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
