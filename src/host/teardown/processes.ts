import { readFileSync, readdirSync } from 'node:fs'
import type { Clock } from '../../lib/clock.ts'
import type { ProcessIdentity } from '../cluster/process-file.ts'
import { identify, signalProcess, waitForExit } from '../cluster/process-file.ts'
import { isErrno } from '../user-error.ts'

const EXIT_TIMEOUT_MS = 5_000

/** The shims that serve a containerd: each carries the path of its socket among its arguments. */
export function shimsOf(socket: string): ProcessIdentity[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    const [program = '', ...args] = commandLine(pid)
    const isShim = /containerd-shim/.test(program) && args[args.indexOf('-address') + 1] === socket
    return isShim ? (identify(Number(pid)) ?? []) : []
  })
}

/** Ends processes at once and waits until they are gone. */
export async function killAll(clock: Clock, processes: readonly ProcessIdentity[]): Promise<void> {
  for (const identity of processes) signalProcess(identity, 'SIGKILL')
  await Promise.all(processes.map((identity) => waitForExit(clock, identity, EXIT_TIMEOUT_MS)))
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return []
    throw error
  }
}
