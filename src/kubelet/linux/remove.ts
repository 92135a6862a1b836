import { type FileHandle, lstat, open, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { isFileError } from '../host/files.ts'
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from './open-flags.ts'

/** Deeper folders are first moved up: a container can nest more of them than a process can hold open. */
const MAX_DEPTH = 32

/**
 * Removes a file, or a folder with all it holds; what is not there is no error. Containers may have written below it and may still: it goes by
 * descriptors, so that a symlink that takes a folder's place leads nowhere. Stays on one file system, so that what is mounted below is never
 * emptied.
 */
export async function removeTree(path: string): Promise<void> {
  const stats = await lstat(path).catch(missing)
  if (!stats) return
  if (!stats.isDirectory()) return unlink(path).catch(missing)
  const top = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    const tree = new Tree(top, (await top.stat()).dev)
    // What was moved up is there at the next look.
    do await tree.empty(top, path, 1)
    while (tree.hasMoved())
  } finally {
    await top.close()
  }
  await rmdir(path).catch(missing)
}

class Tree {
  readonly #top: FileHandle
  readonly #device: number
  #moved = 0
  #known = 0

  constructor(top: FileHandle, device: number) {
    this.#top = top
    this.#device = device
  }

  /** Whether anything was moved up since it was last asked. */
  hasMoved(): boolean {
    const has = this.#moved > this.#known
    this.#known = this.#moved
    return has
  }

  /** `path` is what errors name. */
  async empty(folder: FileHandle, path: string, depth: number): Promise<void> {
    const at = `/proc/self/fd/${folder.fd}`
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const inner = entry.isDirectory() ? await openFolder(`${at}/${entry.name}`) : undefined
      if (!inner) await unlink(`${at}/${entry.name}`).catch(missing)
      else await this.#remove(inner, { at, name: entry.name, path: `${path}/${entry.name}`, depth })
    }
  }

  async #remove(
    inner: FileHandle,
    { at, name, path, depth }: { at: string; name: string; path: string; depth: number },
  ): Promise<void> {
    try {
      if ((await inner.stat()).dev !== this.#device)
        throw new Error(`${path} is on another file system and is left alone`)
      if (depth >= MAX_DEPTH) return await this.#moveUp(`${at}/${name}`)
      await this.empty(inner, path, depth + 1)
    } finally {
      await inner.close()
    }
    await rmdir(`${at}/${name}`).catch(missing)
  }

  async #moveUp(from: string): Promise<void> {
    for (;;) {
      try {
        return await rename(from, `/proc/self/fd/${this.#top.fd}/.moved-${++this.#moved}`)
      } catch (error) {
        // Somebody had the same idea for a name.
        if (!isFileError(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw error
      }
    }
  }
}

/** Undefined when something else has taken the folder's place. */
async function openFolder(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  } catch (error) {
    if (isFileError(error, 'ENOTDIR', 'ELOOP', 'ENOENT')) return undefined
    throw error
  }
}

function missing(error: unknown): undefined {
  if (!isFileError(error, 'ENOENT')) throw error
}
