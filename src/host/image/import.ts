import { CommandError, runCommand } from '../run-command.ts'
import { EXIT, UserError } from '../user-error.ts'
import { readArchive } from './archive.ts'
import { normalizeImageName } from './name.ts'

/** The containerd that images go to. */
export interface ImageTarget {
  /** The path of containerd's socket. */
  readonly socket: string
  readonly snapshotter?: string
}

/** What images without a full name are called while they wait for one. */
const WAITING = 'skiff.invalid/import'

/**
 * Imports all images of an archive so that pods can use them at once. `name` names an image that carries no name of its
 * own, or only a tag. Resolves to the full names.
 */
export async function importArchive(target: ImageTarget, file: string, name?: string): Promise<readonly string[]> {
  const content = await readArchive(file)
  const nameless = content.bareTags.length > 0 || content.names.length === 0
  if (!nameless) {
    await ctr(target, ['images', 'import', ...unpackWith(target), file])
    return content.names
  }
  const fullName = nameFor(file, content.bareTags, name)
  await ctr(target, ['images', 'import', '--base-name', WAITING, '--digests', ...unpackWith(target), file])
  await renameWaiting(target, fullName)
  return [...content.names, fullName]
}

function nameFor(file: string, bareTags: readonly string[], name: string | undefined): string {
  const [tag = ''] = bareTags
  if (name !== undefined) return normalizeImageName(name)
  if (bareTags.length === 1 && /[/:]/.test(tag)) return normalizeImageName(tag)
  throw new UserError(`the image in ${file} has no name${tag ? `, only the tag "${tag}"` : ''}`, {
    hints: [`name it: skiff image load ${file} --name web:${tag || '1'}`],
    exitCode: EXIT.usage,
  })
}

async function renameWaiting(target: ImageTarget, fullName: string): Promise<void> {
  const waiting = (await imageNames(target)).filter((name) => name.startsWith(WAITING))
  const [first] = waiting
  if (first === undefined) throw new UserError('containerd imported no image from the archive')
  await ctr(target, ['images', 'tag', '--force', first, fullName])
  await ctr(target, ['images', 'rm', ...waiting])
}

/** The names of all images that pods can use. */
export async function imageNames(target: ImageTarget): Promise<string[]> {
  const { stdout } = await ctr(target, ['images', 'ls', '--quiet'])
  return stdout.split('\n').filter(Boolean)
}

function unpackWith({ snapshotter }: ImageTarget): string[] {
  return snapshotter === undefined ? [] : ['--snapshotter', snapshotter]
}

/** containerd's CRI plugin keeps its images in this namespace. */
async function ctr(target: ImageTarget, args: readonly string[]): Promise<{ stdout: string }> {
  try {
    return await runCommand('ctr', ['--address', target.socket, '--namespace', 'k8s.io', ...args])
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    if (error.result.code !== 127) throw new UserError(`containerd refused: ${error.message}`, { cause: error })
    throw new UserError('ctr, which imports images into containerd, is not installed', {
      hints: ['install the containerd package'],
      exitCode: EXIT.hostNotReady,
    })
  }
}
