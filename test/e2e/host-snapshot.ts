import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

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
const OURS = /containerd|runc|catatonit|pause|skiff/

/** Looks at the machine, sorted, so that two looks can be compared. */
export function hostSnapshot(): HostSnapshot {
  return {
    processes: processes(),
    mounts: lines(readFileSync('/proc/self/mountinfo', 'utf8')).map((line) => line.split(' ')[4] ?? ''),
    namespaces: existsSync('/run/netns') ? readdirSync('/run/netns').sort() : [],
    links: readdirSync('/sys/class/net').sort(),
    tables: lines(execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' })),
    cgroups: ['', 'systemd', 'memory', 'unified', 'pids'].flatMap((h) =>
      cgroupsBelow(join('/sys/fs/cgroup', h, 'skiff')),
    ),
  }
}

function processes(): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  return pids.flatMap((pid) => {
    const command = readMaybe(`/proc/${pid}/cmdline`).split('\0').slice(0, 8).join(' ')
    return OURS.test(command.split(' ')[0] ?? '') ? [command] : []
  })
}

/** Cgroups of other clusters come and go beside ours; only those that hold a process or a child say something. */
function cgroupsBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return inner.map((entry) => join(folder, entry.name))
}

function readMaybe(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean).sort()
}
