import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '../../lib/log.ts'

/** The hierarchy by which systemd knows what belongs to a unit: its own on cgroup v1, the only one on v2. */
const SYSTEMD_HIERARCHIES = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup']

/**
 * Moves a process out of the systemd unit or session that started it, so that ending that one leaves the process alone.
 * Without systemd nothing ends processes by cgroup, and nothing is done.
 */
export function leaveCgroup(pid: number, cgroup: string, log: Logger): void {
  if (!existsSync('/run/systemd/system')) return
  for (const hierarchy of SYSTEMD_HIERARCHIES.filter((folder) => existsSync(join(folder, 'cgroup.procs')))) {
    try {
      mkdirSync(join(hierarchy, cgroup), { recursive: true })
      writeFileSync(join(hierarchy, cgroup, 'cgroup.procs'), String(pid))
    } catch (error) {
      log.warn('containerd stays in the cgroup of the server and may be ended with it', { hierarchy, err: error })
    }
  }
}
