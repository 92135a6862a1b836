import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { hostNames } from '../../src/host/cluster/host-names.ts'
import { isErrno } from '../../src/host/user-error.ts'
import type { ClusterPaths } from '../../src/host/cluster/paths.ts'

/** What a cluster could leave on a machine. */
export interface HostSnapshot {
  readonly processes: readonly string[]
  readonly mounts: readonly string[]
  readonly namespaces: readonly string[]
  readonly links: readonly string[]
  readonly tables: readonly string[]
  readonly cgroups: readonly string[]
}

/** Programs that a cluster starts. */
const OURS = /(^|\/)(containerd[^/]*|runc|catatonit|pause|skiff[^/]*)$/

/**
 * Looks at the machine, sorted, so that two looks can be compared. What certainly belongs to another cluster, which may come
 * and go meanwhile, is left out; everything else is in, whoever made it.
 */
export function hostSnapshot(paths: ClusterPaths): HostSnapshot {
  const { bridge, cgroup, tablePrefix } = hostNames(paths)
  const isOther = (path: string): boolean => /^\/?skiff\//.test(path) && !`${path}/`.includes(`${cgroup}/`)
  return {
    processes: processes(paths.root, isOther),
    mounts: mounts(paths.root),
    namespaces: existsSync('/run/netns') ? readdirSync('/run/netns').sort() : [],
    links: links(bridge),
    tables: tables().filter((table) => !/ skiff_/.test(table) || table.includes(` ${tablePrefix}`)),
    cgroups: cgroups().filter((path) => !isOther(path)),
  }
}

function processes(root: string, isOther: (cgroup: string) => boolean): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const found = pids.flatMap((pid) => {
    const command = readMaybe(`/proc/${pid}/cmdline`).split('\0').join(' ').trim()
    const inOther = lines(readMaybe(`/proc/${pid}/cgroup`)).some((line) => isOther(line.replace(/^\d+:[^:]*:/, '')))
    const ofOther = inOther || (/containerd/.test(command) && !command.includes(root))
    return OURS.test(command.split(' ')[0] ?? '') && !ofOther ? [command] : []
  })
  return found.sort()
}

/** Mount points but those in the state folders of other clusters. */
function mounts(root: string): string[] {
  const points = lines(readFileSync('/proc/self/mountinfo', 'utf8')).map((line) => line.split(' ')[4] ?? '')
  return points.filter(
    (point) => point.startsWith(root) || !/\/(containerd\/state|kubelet\/(pods|memory))(\/|$)/.test(point),
  )
}

/** Links but the bridges of other clusters and what hangs on them. */
function links(bridge: string): string[] {
  const masterOf = (name: string): string => {
    const master = `/sys/class/net/${name}/master`
    return existsSync(master) ? basename(readlinkSync(master)) : ''
  }
  const isOtherBridge = (name: string): boolean => /^(skiff|nodedev)/.test(name) && name !== bridge
  return readdirSync('/sys/class/net')
    .filter((name) => !isOtherBridge(name) && !isOtherBridge(masterOf(name)))
    .sort()
}

function tables(): string[] {
  return lines(execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }))
}

/** The cgroups of clusters in the hierarchies that they use, below each one's root. */
function cgroups(): string[] {
  const roots = ['', 'systemd', 'memory', 'unified', 'pids'].map((hierarchy) => join('/sys/fs/cgroup', hierarchy))
  return roots.flatMap((root) => {
    const folder = join(root, 'skiff')
    if (!existsSync(folder)) return []
    const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return inner.map((entry) => `skiff/${entry.name}`)
  })
}

function readMaybe(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    // A process may end while it is looked at.
    if (isErrno(error, 'ENOENT', 'ESRCH')) return ''
    throw error
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean).sort()
}
