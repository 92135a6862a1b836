import type { Stats } from 'node:fs'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { TarEntry } from './tar.ts'
import { TAR_END, tarHeader, tarPadding } from './tar.ts'

/** A file changed while it was read, so the archive would not be what its headers say. */
export class FileChangedError extends Error {
  constructor(path: string) {
    super(`${path} changed while it was read`)
    this.name = 'FileChangedError'
  }
}

/**
 * The tar archive of a folder's content: names in byte order, times at the epoch. Files, folders and symbolic links;
 * devices and sockets are left out.
 */
export async function* layerTar(folder: string, options: { readonly keepOwners: boolean }): AsyncGenerator<Buffer> {
  yield* walk(folder, '', options.keepOwners)
  yield TAR_END
}

async function* walk(root: string, below: string, keepOwners: boolean): AsyncGenerator<Buffer> {
  const names = await readdir(join(root, below))
  for (const name of names.sort(byBytes)) {
    const path = below === '' ? name : `${below}/${name}`
    const stats = await lstat(join(root, path))
    const entry = await describe(root, path, stats)
    if (!entry) continue
    yield tarHeader(keepOwners ? { ...entry, uid: stats.uid, gid: stats.gid } : entry)
    if (entry.type === 'Directory') yield* walk(root, path, keepOwners)
    else if (entry.type === 'File') yield* content(join(root, path), stats.size)
  }
}

async function describe(root: string, path: string, stats: Stats): Promise<TarEntry | undefined> {
  const mode = stats.mode & 0o7777
  if (stats.isDirectory()) return { path: `${path}/`, type: 'Directory', mode }
  if (stats.isFile()) return { path, type: 'File', mode, size: stats.size }
  if (stats.isSymbolicLink()) return { path, type: 'SymbolicLink', mode, linkpath: await readlink(join(root, path)) }
  return undefined
}

async function* content(path: string, size: number): AsyncGenerator<Buffer> {
  let sent = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    sent += chunk.length
    yield chunk
  }
  if (sent !== size) throw new FileChangedError(path)
  yield tarPadding(size)
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
