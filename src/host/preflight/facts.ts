import { accessSync, constants, readFileSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { searchPath } from '../run-command.ts'
import { isErrno } from '../user-error.ts'
import type { PackageManager } from './requirements.ts'
import { CNI_FOLDERS, CNI_PLUGINS, PACKAGE_MANAGERS, REQUIREMENTS } from './requirements.ts'

/** What `up` looks at before it starts anything. Gathered without running a program, so it takes no time. */
export interface HostFacts {
  readonly platform: NodeJS.Platform
  readonly isRoot: boolean
  /** `ID` and `ID_LIKE` of os-release(5), such as ['ubuntu', 'debian']. */
  readonly distributions: readonly string[]
  readonly packageManager: PackageManager | undefined
  /** Programs of the requirements that are there, with their paths. */
  readonly programs: ReadonlyMap<string, string>
  /** The folder with all CNI plugins needed, or undefined. */
  readonly cniFolder: string | undefined
  readonly cgroups: 'v1' | 'v2' | 'none'
  readonly canRaisePriority: boolean
  readonly kernelHas: { readonly overlay: boolean; readonly namespaces: boolean }
  /** Bytes that are free where the state shall lie; undefined when that can't be told. */
  readonly freeBytes: number | undefined
  readonly dataFolderWritable: boolean
}

/** CAP_SYS_RESOURCE of capabilities(7): lets a process lower oom_score_adj. */
const CAP_SYS_RESOURCE = 24n
const CGROUP2_MAGIC = 0x63677270

/** Looks at this machine. `dataDir` need not exist yet. */
export function gatherFacts(dataDir: string): HostFacts {
  const programs = new Map(
    REQUIREMENTS.flatMap(({ program }) => {
      const path = findProgram(program)
      return path === undefined ? [] : [[program, path] as const]
    }),
  )
  const present = nearestExisting(dataDir)
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    distributions: distributions(read('/etc/os-release')),
    packageManager: PACKAGE_MANAGERS.find((name) => findProgram(name) !== undefined),
    programs,
    cniFolder: CNI_FOLDERS.find((folder) => CNI_PLUGINS.every((plugin) => executable(join(folder, plugin)))),
    cgroups: cgroupVersion(),
    canRaisePriority: hasCapability(read('/proc/self/status'), CAP_SYS_RESOURCE),
    kernelHas: {
      overlay: /\boverlay$/m.test(read('/proc/filesystems')) || loadableOverlay(),
      namespaces: ['net', 'pid', 'mnt', 'ipc', 'uts'].every((name) => readable(`/proc/self/ns/${name}`)),
    },
    freeBytes: freeBytes(present),
    dataFolderWritable: writable(present),
  }
}

/** The full path of a program on the search path. */
export function findProgram(name: string): string | undefined {
  return searchPath()
    .map((folder) => join(folder, name))
    .find(executable)
}

/** The words of ID and ID_LIKE in an os-release file. */
export function distributions(osRelease: string): string[] {
  const values = [...osRelease.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].map(([, value = '']) => value.replace(/["']/g, ''))
  return values.flatMap((value) => value.split(' ')).filter(Boolean)
}

/** Whether /proc/<pid>/status grants a capability. */
export function hasCapability(status: string, capability: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  return effective !== undefined && ((BigInt(`0x${effective}`) >> capability) & 1n) === 1n
}

function cgroupVersion(): HostFacts['cgroups'] {
  try {
    if (statfsSync('/sys/fs/cgroup').type === CGROUP2_MAGIC) return 'v2'
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
  return / cgroup .*\bmemory\b/m.test(read('/proc/self/mountinfo')) ? 'v1' : 'none'
}

/** Whether the kernel brings overlayfs as a module that mounting will load. */
function loadableOverlay(): boolean {
  const release = read('/proc/sys/kernel/osrelease').trim()
  return /\/overlay\.ko/.test(read(`/lib/modules/${release}/modules.dep`))
}

function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOSYS')) return undefined
    throw error
  }
}

function nearestExisting(path: string): string {
  return readable(path) || dirname(path) === path ? path : nearestExisting(dirname(path))
}

const executable = (path: string): boolean => allows(path, constants.X_OK)
const readable = (path: string): boolean => allows(path, constants.F_OK)
const writable = (path: string): boolean => allows(path, constants.W_OK)

function allows(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR', 'EROFS', 'ELOOP')) return false
    throw error
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOTDIR')) return ''
    throw error
  }
}
