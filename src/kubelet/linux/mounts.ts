import { execFile } from 'node:child_process'
import { open, readFile, realpath, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { isFileError } from '../host/files.ts'
import type { Mounts } from '../host/mounts.ts'
import { linuxFiles } from './files.ts'
import { O_DIRECTORY, O_NOFOLLOW, O_PATH } from './open-flags.ts'
import { openWithin, parts } from './within.ts'

const run = promisify(execFile)

/** Mounts by mount(8) and umount(8): the kernel's call is not in Node's reach. */
export const linuxMounts: Mounts = {
  async tmpfs(path, { sizeBytes, hugePageSize }) {
    if ((await mountPoints()).includes(path)) return
    if (hugePageSize !== undefined) {
      await mount([
        '-t',
        'hugetlbfs',
        ...(hugePageSize ? ['-o', `pagesize=${hugePageSize.replace(/i$/, '')}`] : []),
        'nodev',
        path,
      ])
      return
    }
    // As the kernel has it: everybody may write, and remove what is their own.
    const options = ['mode=1777', ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`])]
    await mount(['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', path])
  },
  async device(device, path, fsType) {
    if ((await mountPoints()).includes(path)) return
    if (!(await hasContent(device))) {
      const ext = fsType === 'ext3' || fsType === 'ext4'
      await run(`mkfs.${fsType}`, [...(ext ? ['-F', '-m0'] : []), device])
    }
    await mount(['-t', fsType, '-o', 'defaults', device, path])
  },
  bindSubPath,
  async makeShared(path) {
    if (!(await mountPoints()).includes(path)) await mount(['--bind', path, path])
    await mount(['--make-rshared', path])
  },
  async unmount(path) {
    if ((await mountPoints()).includes(path)) await run('umount', [path])
  },
  async unmountTree(path) {
    // A folder can be mounted on more than once, so look again until nothing is left.
    for (let points = await below(path); points.length > 0; points = await below(path)) {
      for (const point of points.toReversed()) await run('umount', [point])
    }
  },
  below,
}

async function mount(args: readonly string[]): Promise<void> {
  await run('mount', [...args])
}

/** Whether there is a file system or a partition table on the device, by which blkid(8) says. */
async function hasContent(device: string): Promise<boolean> {
  try {
    const { stdout } = await run('blkid', ['-p', '-s', 'TYPE', '-s', 'PTTYPE', '-o', 'export', device])
    return stdout.includes('TYPE=')
  } catch (error) {
    // 2: nothing that it knows.
    if (error instanceof Error && 'code' in error && error.code === 2) return false
    throw error
  }
}

async function below(path: string): Promise<readonly string[]> {
  return (await mountPoints()).filter((point) => point === path || point.startsWith(`${path}/`))
}

/** In the order they were mounted. */
async function mountPoints(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table.split('\n').flatMap((line) => {
    const point = line.split(' ')[4]
    return point === undefined ? [] : [unescape(point)]
  })
}

/** The kernel writes space, tab, newline and backslash in octal. */
const unescape = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

async function bindSubPath(base: string, subPath: string, target: string): Promise<void> {
  if ((await mountPoints()).includes(target)) return
  const root = await realpath(base)
  const path = await resolved(root, `${root}/${subPath}`)
  if (path !== root && !path.startsWith(`${root}/`))
    throw new Error(`subpath ${JSON.stringify(subPath)} not within volume path ${JSON.stringify(root)}`)
  const opened = await openWithin(root, path.slice(root.length + 1))
  try {
    const { kind } = (await linuxFiles.stat(`/proc/self/fd/${opened.fd}`)) ?? {}
    if (kind === 'directory') await linuxFiles.mkdir(target, 0o750)
    else {
      await linuxFiles.mkdir(target.slice(0, target.lastIndexOf('/')), 0o750)
      await linuxFiles.write(target, '', 0o640)
    }
    // The descriptor is mounted, not the path: nobody can have put another file there meanwhile.
    await mount(['--no-canonicalize', '--bind', `/proc/${process.pid}/fd/${opened.fd}`, target])
  } finally {
    await opened.close()
  }
}

/** The path without symlinks; what is missing is made, inside the volume, with the volume's mode. */
async function resolved(root: string, path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (!isFileError(error, 'ENOENT')) throw error
    const { mode } = await stat(root)
    await makeWithin(root, path.slice(root.length + 1), mode & 0o7777)
    return realpath(path)
  }
}

async function makeWithin(root: string, relative: string, mode: number): Promise<void> {
  let dir = await open(root, O_PATH | O_DIRECTORY)
  try {
    for (const name of parts(relative)) {
      const step = `/proc/self/fd/${dir.fd}/${name}`
      // A symlink that is there is followed as far as it stays in the volume.
      const real = await realpath(step).catch(() => undefined)
      if (real !== undefined && real !== root && !real.startsWith(`${root}/`))
        throw new Error(`subpath ${JSON.stringify(relative)} not within volume path ${JSON.stringify(root)}`)
      if (real === undefined) await linuxFiles.mkdir(step, mode)
      const next = await open(real ?? step, O_PATH | O_DIRECTORY | O_NOFOLLOW)
      await dir.close()
      dir = next
    }
  } finally {
    await dir.close()
  }
}
