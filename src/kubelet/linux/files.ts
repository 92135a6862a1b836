import { createReadStream, createWriteStream, watch, type Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { O_NOFOLLOW } from './open-flags.ts'
import { removeTree } from './remove.ts'
import { kindOf, lookWithin, readOnlyFile, readWithin } from './within.ts'
import { isFileError, type Files, type FileStat } from '../host/files.ts'

/** Files of this machine. */
export const linuxFiles: Files = {
  async mkdir(path, mode = 0o755) {
    const created = await fs.mkdir(path, { recursive: true, mode })
    // Past the umask, and with the bits that mkdir leaves out.
    if (created !== undefined) await fs.chmod(path, mode)
  },
  async write(path, content, mode) {
    await fs.writeFile(path, content, { mode })
    await fs.chmod(path, mode)
  },
  read: (path) => fs.readFile(path),
  // Nobody links to what is read like this.
  readAt: (path, offset, length) => readOnlyFile(path, offset, length, O_NOFOLLOW),
  readWithin,
  lookWithin,
  readdir: async (path) =>
    (await fs.readdir(path, { withFileTypes: true })).map((e) => ({ name: e.name, kind: kindOf(e) })),
  stat: (path) => fs.stat(path).then(toStat, missing),
  lstat: (path) => fs.lstat(path).then(toStat, missing),
  readlink: (path) => fs.readlink(path),
  symlink: (target, path) => fs.symlink(target, path),
  rename: (from, to) => fs.rename(from, to),
  chmod: (path, mode) => fs.chmod(path, mode),
  chown: (path, uid, gid) => fs.lchown(path, id(uid), id(gid)),
  remove: removeTree,
  async gzip(path) {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.gz.tmp`))
    await fs.rename(`${path}.gz.tmp`, `${path}.gz`)
    await fs.rm(path, { force: true })
  },
  changes,
  async statfs(path) {
    const { bsize, blocks, bavail, files, ffree } = await fs.statfs(path)
    return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize, inodes: files, inodesFree: ffree }
  },
  usage,
}

/** chown(2) leaves an id alone when it is -1, which Node takes as 2^32-1. */
const id = (value: number): number => (value < 0 ? 0xffffffff : value)

function missing(error: unknown): undefined {
  if (!isFileError(error, 'ENOENT', 'ENOTDIR')) throw error
}

function toStat(stats: Stats): FileStat {
  return {
    kind: kindOf(stats),
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    size: stats.size,
    modifiedMs: stats.mtimeMs,
    inode: stats.ino,
  }
}

async function usage(path: string): Promise<{ bytes: number; inodes: number }> {
  const stats = await fs.lstat(path).catch(missing)
  if (!stats) return { bytes: 0, inodes: 0 }
  const total = { bytes: stats.blocks * 512, inodes: 1 }
  if (!stats.isDirectory()) return total
  for (const name of await fs.readdir(path).catch(() => [])) {
    const below = await usage(`${path}/${name}`)
    total.bytes += below.bytes
    total.inodes += below.inodes
  }
  return total
}

/** Watches the folder, so that a file that takes the name is seen too. */
async function* changes(path: string, signal: AbortSignal): AsyncIterable<void> {
  let changed = true
  let wake = (): void => undefined
  const note = (): void => {
    changed = true
    wake()
  }
  const watcher = watch(dirname(path), { persistent: false }, note)
  watcher.on('error', note)
  signal.addEventListener('abort', note, { once: true })
  try {
    while (!signal.aborted) {
      if (!changed) await new Promise<void>((resolve) => (wake = resolve))
      if (signal.aborted) return
      changed = false
      yield
    }
  } finally {
    signal.removeEventListener('abort', note)
    watcher.close()
  }
}
