import { isFileError, type Files } from '../host/files.ts'
import type { VolumeFile, VolumeFiles } from './files.ts'

const DATA = '..data'
const NEXT = '..data_tmp'

export interface WriteOptions {
  /** The group that all of it belongs to and may read, from the pod's fsGroup. */
  readonly fsGroup?: number
  /** A name for this version that no earlier one had, without `..`. */
  readonly version: string
}

/**
 * Writes a volume's files so that a reader sees all of one version or all of the next (upstream's AtomicWriter): the files go into
 * a folder of their own, `..data` is switched to it in one rename, and each visible name is a symlink through `..data`.
 */
export async function writeAtomically(
  files: Files,
  dir: string,
  content: VolumeFiles,
  options: WriteOptions,
): Promise<void> {
  const old = await readlink(files, `${dir}/${DATA}`)
  const version = `..${options.version}`
  await writeVersion(files, `${dir}/${version}`, content, options)
  const visible = new Set([...content.keys()].map((path) => path.split('/')[0] ?? ''))
  const present = await files.readdir(dir)
  const links = new Set(present.filter(({ name }) => !name.startsWith('..')).map(({ name }) => name))
  for (const name of visible) if (!links.has(name)) await files.symlink(`${DATA}/${name}`, `${dir}/${name}`)
  await files.remove(`${dir}/${NEXT}`)
  await files.symlink(version, `${dir}/${NEXT}`)
  await files.rename(`${dir}/${NEXT}`, `${dir}/${DATA}`)
  for (const name of links) if (!visible.has(name)) await files.remove(`${dir}/${name}`)
  if (old !== undefined && old !== version) await files.remove(`${dir}/${old}`)
}

async function writeVersion(files: Files, dir: string, content: VolumeFiles, { fsGroup }: WriteOptions): Promise<void> {
  const dirs = new Set([dir])
  for (const path of content.keys()) {
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth++) dirs.add(`${dir}/${parts.slice(0, depth).join('/')}`)
  }
  for (const path of dirs) {
    await files.mkdir(path, fsGroup === undefined ? 0o755 : 0o2755)
    if (fsGroup !== undefined) await files.chown(path, -1, fsGroup)
  }
  await Promise.all([...content].map(([path, file]) => writeFile(files, `${dir}/${path}`, file, fsGroup)))
}

/** A group may read what it owns. */
async function writeFile(files: Files, path: string, file: VolumeFile, fsGroup: number | undefined): Promise<void> {
  const mode = fsGroup === undefined ? file.mode : file.mode | 0o440
  await files.write(path, file.content, mode)
  if (fsGroup !== undefined || file.uid !== undefined) await files.chown(path, file.uid ?? -1, fsGroup ?? -1)
}

async function readlink(files: Files, path: string): Promise<string | undefined> {
  return files.readlink(path).catch((error: unknown) => {
    if (isFileError(error, 'ENOENT')) return undefined
    throw error
  })
}

/** Whether two sets of files are the same in every byte, mode and owner. */
export function sameFiles(a: VolumeFiles | undefined, b: VolumeFiles): boolean {
  if (a?.size !== b.size) return false
  for (const [path, file] of b) {
    const other = a.get(path)
    if (!other || other.mode !== file.mode || other.uid !== file.uid || !sameBytes(other.content, file.content))
      return false
  }
  return true
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
