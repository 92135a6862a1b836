import { mkdirSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { bootId } from '../cluster/process-file.ts'
import type { ClusterPaths } from '../cluster/paths.ts'
import { socketPathsFit } from '../cluster/paths.ts'
import { writeFileAtomic } from '../files.ts'
import type { HostFacts } from '../preflight/facts.ts'
import { runCommand } from '../run-command.ts'
import { UserError, isErrno } from '../user-error.ts'
import type { ContainerdVersion } from './config.ts'
import { parseVersion, renderConfig } from './config.ts'

/** statfs(2) type of overlayfs, on which another overlay cannot be stacked. */
const OVERLAYFS_MAGIC = 0x794c7630
/** The oldest containerd that speaks CRI v1. */
const OLDEST_MINOR = 6

/** Asks the containerd program which it is, and refuses one that is too old. */
export async function detectVersion(program: string): Promise<ContainerdVersion> {
  const { stdout } = await runCommand(program, ['--version'])
  const version = parseVersion(stdout)
  if (version && (version.major > 1 || (version.major === 1 && version.minor >= OLDEST_MINOR))) return version
  throw new UserError(`${program} is not a containerd that Skiff can use (${stdout.trim() || 'it says nothing'})`, {
    hints: ['install containerd 1.6 or newer, or name a running one with --container-runtime-endpoint'],
  })
}

/** Makes containerd's folders and writes its configuration. */
export async function prepareContainerd(paths: ClusterPaths, facts: HostFacts, pauseImage: string): Promise<void> {
  checkSocketPath(paths)
  const program = facts.programs.get('containerd') ?? 'containerd'
  mkdirSync(paths.containerd.folder, { recursive: true, mode: 0o711 })
  dropStateOfOtherBoot(paths)
  const config = renderConfig({
    version: await detectVersion(program),
    root: paths.containerd.root,
    state: paths.containerd.state,
    socket: paths.containerd.socket,
    folder: paths.containerd.folder,
    cniPlugins: facts.cniFolder ?? '/opt/cni/bin',
    cniConfigs: paths.cni.configs,
    pauseImage,
    snapshotter: facts.kernelHas.overlay && !liesOnOverlay(paths.containerd.folder) ? 'overlayfs' : 'native',
    restrictOomScore: !facts.canRaisePriority,
  })
  writeFileAtomic(paths.containerd.config, config, { mode: 0o600 })
}

function checkSocketPath(paths: ClusterPaths): void {
  if (socketPathsFit(paths)) return
  throw new UserError(`the path ${paths.containerd.socket} is longer than a socket's may be`, {
    hints: ['name a shorter folder with --data-dir'],
  })
}

function liesOnOverlay(folder: string): boolean {
  return statfsSync(folder).type === OVERLAYFS_MAGIC
}

/** After a reboot the run-time state speaks of processes and mounts that are gone; without it containerd starts clean. */
function dropStateOfOtherBoot(paths: ClusterPaths): void {
  const file = join(paths.containerd.folder, 'boot-id')
  if (readIfThere(file) === bootId()) return
  rmSync(paths.containerd.state, { recursive: true, force: true })
  writeFileAtomic(file, bootId(), { mode: 0o600 })
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
