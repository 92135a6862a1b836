import { type FileHandle, open, realpath } from 'node:fs/promises'
import { constants } from 'node:fs'
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

/** Reads a file that a container may have put in a volume: symlinks are followed as far as they stay in it, and nothing but a file is read. */
export async function readWithin(base: string, relative: string, maxBytes: number): Promise<Uint8Array> {
  const root = await realpath(base)
  const path = await realpath(`${root}/${relative}`)
  if (!path.startsWith(`${root}/`)) throw new Error(`${JSON.stringify(relative)} is not within ${JSON.stringify(base)}`)
  const opened = await openWithin(root, path.slice(root.length + 1))
  try {
    return await readOnlyFile(`/proc/self/fd/${opened.fd}`, 0, maxBytes)
  } finally {
    await opened.close()
  }
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
