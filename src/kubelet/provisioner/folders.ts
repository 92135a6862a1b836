import { isFileError, type Files } from '../host/files.ts'

/** The folders of a node's volumes, by the names of the volumes. All of it can be done again after it was broken off. */
export interface VolumeFolders {
  pathOf(name: string): string
  /** Makes an empty folder that everybody may write to; one that is there is left as it is. `about` is kept beside it. */
  make(name: string, about: object): Promise<void>
  /** Removes a folder with all it holds. Rejects when it is none that `make` made. */
  remove(name: string): Promise<void>
  /** Removes a folder that nobody has used. Says whether it is gone: one that holds something stays. */
  discard(name: string): Promise<boolean>
  /** All that `make` made, or began to. */
  names(): Promise<readonly string[]>
}

/**
 * Folders below `root`, which only the node agent may enter, so that nobody can put something else in a folder's place. What is made is noted
 * first, in `.made`; what is removed is first moved to `.removing`, so that a folder is whole or gone.
 */
export function nodeFolders(files: Files, root: string): VolumeFolders {
  const pathOf = (name: string): string => `${root}/${checked(name)}`
  const noteOf = (name: string): string => `${root}/.made/${checked(name)}`
  const freshOf = (name: string): string => `${root}/.new/${checked(name)}`
  const trashOf = (name: string): string => `${root}/.removing/${checked(name)}`

  async function forget(name: string): Promise<void> {
    await files.remove(trashOf(name))
    await files.remove(freshOf(name))
    await files.remove(noteOf(name))
  }

  return {
    pathOf,
    async make(name, about) {
      for (const folder of [root, `${root}/.made`, `${root}/.new`]) await files.mkdir(folder, 0o700)
      if (await files.lstat(pathOf(name))) return
      await files.write(noteOf(name), `${JSON.stringify(about)}\n`, 0o600)
      // In two steps, so that its mode is right from the first moment.
      await files.mkdir(freshOf(name), 0o777)
      await files.rename(freshOf(name), pathOf(name))
    },
    async remove(name) {
      const there = await files.lstat(pathOf(name))
      if (there) {
        if (there.kind !== 'directory' || !(await files.lstat(noteOf(name))))
          throw new Error(`${pathOf(name)} was not made by this node agent and is left alone`)
        await files.mkdir(`${root}/.removing`, 0o700)
        await files.remove(trashOf(name))
        await files.rename(pathOf(name), trashOf(name))
      }
      await forget(name)
    },
    async discard(name) {
      const content = await entries(files, pathOf(name))
      if (content.length > 0) return false
      await files.remove(pathOf(name))
      await forget(name)
      return true
    },
    names: () => entries(files, `${root}/.made`),
  }
}

/** On simulated nodes, which have no disk. */
export const noFolders: VolumeFolders = {
  pathOf: (name) => `/var/lib/skiff/volumes/${name}`,
  make: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  discard: () => Promise.resolve(true),
  names: () => Promise.resolve([]),
}

/** Names come from the API, which gives volumes none that lead elsewhere. Holds it all the same. */
function checked(name: string): string {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a volume`)
  return name
}

async function entries(files: Files, path: string): Promise<readonly string[]> {
  const found = await files.readdir(path).catch((error: unknown) => {
    if (isFileError(error, 'ENOENT')) return []
    throw error
  })
  return found.map(({ name }) => name)
}
