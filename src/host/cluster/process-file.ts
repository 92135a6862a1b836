import { readdirSync, readFileSync, rmSync } from 'node:fs'
import type { Clock } from '../../lib/clock.ts'
import { sleep } from '../../lib/clock.ts'
import { writeFileAtomic } from '../files.ts'
import { isErrno } from '../user-error.ts'

/** A process that cannot be mistaken for a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in clock ticks since boot (proc_pid_stat(5), field 22). */
  readonly startTicks: string
  /** The boot that it runs in. */
  readonly bootId: string
}

/** The kernel's name of the current boot; empty where there is none. */
export function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}

/** Who `pid` is now, or undefined when there is no such process, or only a dead one that nobody has waited for. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The second field, the name in parentheses, may hold spaces: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return { pid, startTicks: fields[19] ?? '', bootId: bootId() }
}

/** Writes down that `pid` does this file's work. */
export function writeProcessFile(file: string, pid: number): void {
  const identity = identify(pid)
  if (identity) writeFileAtomic(file, `${JSON.stringify(identity)}\n`, { mode: 0o644 })
}

/** The process that the file names, when that very process still lives. */
export function readProcessFile(file: string): ProcessIdentity | undefined {
  const text = readText(file)
  if (text === undefined || text.trim() === '') return undefined
  const written = JSON.parse(text) as ProcessIdentity
  return isAlive(written) ? written : undefined
}

/**
 * The process that the file names by its id in another PID namespace, as this one sees it; undefined when there is none to be seen. It is not ours to
 * signal: whoever started it there ends it there.
 */
export function findInNamespaceBelow(file: string): ProcessIdentity | undefined {
  const text = readText(file)
  if (text === undefined || text.trim() === '') return undefined
  const written = JSON.parse(text) as ProcessIdentity
  if (written.bootId !== bootId()) return undefined
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => identify(Number(name)))
    .find((seen) => seen?.startTicks === written.startTicks && innermostId(seen.pid) === written.pid)
}

/** What a process is called in its own PID namespace (proc_pid_status(5), NSpid). */
function innermostId(pid: number): number {
  const ids = /^NSpid:\s+(.*)$/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1]?.split(/\s+/) ?? []
  return Number(ids.at(-1))
}

export function isAlive(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid)
  return now !== undefined && now.startTicks === identity.startTicks && now.bootId === identity.bootId
}

export function removeProcessFile(file: string): void {
  rmSync(file, { force: true })
}

/** Sends a signal, unless the process has gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error
  }
}

/** Waits until the process has gone; false when it still lives after `timeoutMs`. */
export async function waitForExit(clock: Clock, identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const until = clock.monotonic() + timeoutMs
  while (isAlive(identity)) {
    if (clock.monotonic() >= until) return false
    await sleep(clock, 20)
  }
  return true
}

/** Asks a process to end, and after `graceMs` ends it. */
export async function endProcess(clock: Clock, identity: ProcessIdentity, graceMs: number): Promise<void> {
  signalProcess(identity, 'SIGTERM')
  if (await waitForExit(clock, identity, graceMs)) return
  signalProcess(identity, 'SIGKILL')
  await waitForExit(clock, identity, 5_000)
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR')) return undefined
    throw error
  }
}
