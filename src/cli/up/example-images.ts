import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildImage } from '../../host/image/build.ts'
import type { ImageTarget } from '../../host/image/import.ts'
import { importArchive } from '../../host/image/import.ts'
import { normalizeImageName } from '../../host/image/name.ts'
import { findProgram } from '../../host/preflight/facts.ts'
import { runCommand } from '../../host/run-command.ts'
import { EXIT, UserError } from '../../host/user-error.ts'

/** The images of the example application: a folder of it, a tag, and what the image's version file says. */
const IMAGES = [
  { folder: 'web', tag: 'example/web:1', version: '1' },
  { folder: 'web', tag: 'example/web:2', version: '2' },
  { folder: 'store', tag: 'example/store:1', version: '1' },
] as const

/** Builds the images of the example in `folder` from the machine's static busybox, and loads them. */
export async function loadExampleImages(folder: string, target: ImageTarget): Promise<readonly string[]> {
  const busybox = findProgram('busybox')
  if (busybox === undefined) {
    throw new UserError('the example is made of busybox, which is not installed', {
      hints: ['apt-get install busybox-static'],
      exitCode: EXIT.hostNotReady,
    })
  }
  const { stdout } = await runCommand(busybox, ['--list'])
  const applets = stdout.split('\n').filter(Boolean)
  for (const image of IMAGES) await loadOne(join(folder, image.folder), image, { busybox, applets }, target)
  return IMAGES.map(({ tag }) => tag)
}

async function loadOne(
  source: string,
  { tag, version }: (typeof IMAGES)[number],
  { busybox, applets }: { busybox: string; applets: readonly string[] },
  target: ImageTarget,
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'skiff-example-'))
  try {
    const rootfs = join(scratch, 'rootfs')
    await cp(source, rootfs, { recursive: true })
    for (const name of ['bin', 'etc', 'tmp', 'data']) await mkdir(join(rootfs, name), { recursive: true })
    await cp(busybox, join(rootfs, 'bin/busybox'), { dereference: true })
    await Promise.all(
      applets.filter((name) => name !== 'busybox').map((name) => symlink('busybox', join(rootfs, 'bin', name))),
    )
    await writeFile(join(rootfs, 'www/version'), version)
    const output = join(scratch, 'image.tar')
    const config = { entrypoint: ['/bin/serve'], ports: ['8080'] }
    await buildImage({ folder: rootfs, name: normalizeImageName(tag), config, keepOwners: false, output })
    await importArchive(target, output)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
