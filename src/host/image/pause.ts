import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HostFacts } from '../preflight/facts.ts'
import { UserError } from '../user-error.ts'
import { buildImage } from './build.ts'
import type { ImageTarget } from './import.ts'
import { imageNames, importArchive } from './import.ts'

/** The image of the process that holds a pod's namespaces. Made here, so that no registry is asked. */
export const PAUSE_IMAGE = 'localhost/skiff/pause:1'

/** Makes the pause image of this machine's catatonit, or of busybox, unless it is there. */
export async function ensurePauseImage(target: ImageTarget, facts: HostFacts): Promise<void> {
  if ((await imageNames(target)).includes(PAUSE_IMAGE)) return
  const folder = await mkdtemp(join(tmpdir(), 'skiff-pause-'))
  try {
    const output = join(folder, 'pause.tar')
    const rootfs = join(folder, 'rootfs')
    const entrypoint = await layOut(rootfs, facts)
    await buildImage({ folder: rootfs, name: PAUSE_IMAGE, config: { entrypoint }, keepOwners: false, output })
    await importArchive(target, output)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Copies the static program in; resolves to the command that runs it. */
async function layOut(rootfs: string, { programs }: HostFacts): Promise<string[]> {
  const catatonit = programs.get('catatonit')
  const program = catatonit ?? programs.get('busybox')
  if (program === undefined) {
    throw new UserError('neither catatonit nor busybox is installed, and one of them must be the pause process', {
      hints: ['apt-get install catatonit'],
    })
  }
  await mkdir(rootfs)
  // busybox goes by the name it is called by.
  const name = catatonit === undefined ? 'busybox' : 'pause'
  await copyFile(program, join(rootfs, name))
  await chmod(join(rootfs, name), 0o755)
  return catatonit === undefined ? ['/busybox', 'sleep', 'infinity'] : ['/pause', '-P']
}
