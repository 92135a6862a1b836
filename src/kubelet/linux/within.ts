import { type FileHandle, open, readdir, realpath } from 'node:fs/promises'
import { constants, type Dirent, type Stats } from 'node:fs'
import { FileError, type FileKind, type FileWithin } from '../host/files.ts'
import { O_PATH } from './open-flags.ts'

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** Opens a path below `root` step by step, following no symlink: the descriptor is of what is there, whatever is put there later. */
export async function openWithin(root: string, relative: string): Promise<FileHandle> {
  const names = parts(relative)
  let at = await open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  for (const [i, name] of names.entries()) {
    const last = i === names.length - 1
    const flags = last ? O_PATH | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW
    const parent = at
    try {
      at = await open(`/proc/self/fd/${parent.fd}/${name}`, flags)
    } finally {
      await parent.close()
    }
  }
  const stats = await at.stat()
  if (stats.isSymbolicLink()) {
    await at.close()
    throw new Error(`${JSON.stringify(relative)} became a symlink`)
  }
  return at
}

/** Opens a path below `base`: symlinks are followed as far as they stay in it. Rejects with EXDEV when one leads out. */
async function openFollowing(base: string, relative: string): Promise<FileHandle> {
  const root = await realpath(base)
  const path = await realpath(`${root}/${relative}`)
  if (path !== root && !path.startsWith(`${root}/`))
    throw new FileError('EXDEV', `${JSON.stringify(relative)} is not within ${JSON.stringify(base)}`)
  return openWithin(root, path.slice(root.length + 1))
}

/** Reads a file that a container may have put in a volume: nothing but a file of the volume is read. */
export async function readWithin(base: string, relative: string, maxBytes: number): Promise<Uint8Array> {
  const opened = await openFollowing(base, relative)
  try {
    return await readOnlyFile(`/proc/self/fd/${opened.fd}`, 0, maxBytes)
  } finally {
    await opened.close()
  }
}

/** See Files. */
export async function lookWithin(base: string, relative: string): Promise<FileWithin> {
  const opened = await openFollowing(base, relative)
  try {
    const stats = await opened.stat()
    if (stats.isFile()) return { kind: 'file', content: contentWithin(base, relative, stats.size) }
    if (!stats.isDirectory()) throw new FileError('EXDEV', `${JSON.stringify(relative)} is neither file nor folder`)
    const entries = await readdir(`/proc/self/fd/${opened.fd}`, { withFileTypes: true })
    return { kind: 'directory', entries: entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) })) }
  } finally {
    await opened.close()
  }
}

const PIECE_BYTES = 64 * 1024

async function* contentWithin(base: string, relative: string, size: number): AsyncIterable<Uint8Array> {
  // Held as long as it is read: what takes its name meanwhile is another file.
  const opened = await openFollowing(base, relative)
  try {
    for (let at = 0; at < size;) {
      const piece = await readOnlyFile(`/proc/self/fd/${opened.fd}`, at, Math.min(PIECE_BYTES, size - at))
      if (piece.length === 0) return
      yield piece
      at += piece.length
    }
  } finally {
    await opened.close()
  }
}

export function kindOf(entry: Stats | Dirent): FileKind {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'directory'
  if (entry.isSymbolicLink()) return 'symlink'
  if (entry.isSocket()) return 'socket'
  if (entry.isBlockDevice()) return 'blockDevice'
  return entry.isCharacterDevice() ? 'charDevice' : 'other'
}

/**
 * Reads a part of a regular file. A pipe would keep the reader waiting for ever, and a device node, which a container can make, would give it what the host
 * may read.
 */
export async function readOnlyFile(path: string, offset: number, length: number, flags = 0): Promise<Uint8Array> {
  const file = await open(path, O_RDONLY | O_NONBLOCK | flags)
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is no regular file`)
    const buffer = Buffer.allocUnsafe(length)
    const { bytesRead } = await file.read(buffer, 0, length, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

export const parts = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')
