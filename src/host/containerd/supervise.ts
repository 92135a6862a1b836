import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { ClusterPaths } from '../cluster/paths.ts'
import type { ProcessIdentity } from '../cluster/process-file.ts'
import { endProcess, identify, isAlive, readProcessFile, writeProcessFile } from '../cluster/process-file.ts'
import { hostEnvironment } from '../run-command.ts'
import { UserError, isErrno, messageOf } from '../user-error.ts'
import { leaveCgroup } from './cgroup.ts'
import { socketAnswers, untilGone, waitForSocket } from './connection.ts'

export interface SuperviseOptions {
  readonly program: string
  readonly paths: ClusterPaths
  /** The cgroup to put containerd in, where systemd would otherwise end it together with whoever started it. */
  readonly cgroup: string
  readonly env: Env
  /** Ends the supervision, not containerd: containers outlive the server. */
  readonly signal: AbortSignal
}

const START_TIMEOUT_MS = 30_000
const ADOPT_TIMEOUT_MS = 5_000
const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 30_000
/** A containerd that ran this long and died starts again without the delay that failures before it earned. */
const STEADY_AFTER_MS = 60_000
const LARGEST_LOG_BYTES = 16 * 1024 * 1024

/**
 * Starts the cluster's containerd, or adopts the one that an earlier server left running, and starts it again whenever
 * it dies. Resolves once it answers for the first time; rejects when it cannot start.
 */
export async function superviseContainerd(options: SuperviseOptions): Promise<{ adopted: boolean }> {
  const adopted = await adopt(options)
  if (!adopted) await start(options)
  const gone = untilGone(options.paths.containerd.socket, options.signal)
  void keepRunning(options, gone).catch((error: unknown) => {
    if (!options.signal.aborted) options.env.log.error('containerd is no longer supervised', { err: error })
  })
  return { adopted }
}

/** Ends the cluster's containerd. Its shims and containers go on. */
export async function stopContainerd(env: Env, paths: ClusterPaths): Promise<void> {
  const identity = readProcessFile(paths.containerd.pidFile)
  if (identity) await endProcess(env.clock, identity, 10_000)
  for (const file of [paths.containerd.pidFile, paths.containerd.socket, `${paths.containerd.socket}.ttrpc`]) {
    rmSync(file, { force: true })
  }
}

/** Whether the cluster's own containerd runs and answers. */
export async function isRunning(paths: ClusterPaths): Promise<boolean> {
  if (!readProcessFile(paths.containerd.pidFile)) return false
  return socketAnswers(paths.containerd.socket)
}

async function keepRunning(options: SuperviseOptions, firstGone: Promise<void>): Promise<void> {
  const { env, signal, paths } = options
  let delayMs = FIRST_DELAY_MS
  let upSince = env.clock.monotonic()
  for (let gone = firstGone; ; gone = untilGone(paths.containerd.socket, signal)) {
    await gone
    if (signal.aborted) return
    if (env.clock.monotonic() - upSince > STEADY_AFTER_MS) delayMs = FIRST_DELAY_MS
    env.log.warn('containerd is gone; starting it again', { afterMs: delayMs })
    await sleep(env.clock, delayMs, signal)
    delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)
    await restart(options)
    upSince = env.clock.monotonic()
  }
}

/**
 * Whether a containerd of this cluster lives and answers. One that lives and doesn't is ended: a second one on the same
 * state would do harm.
 */
async function adopt({ env, paths, signal }: SuperviseOptions): Promise<boolean> {
  const left = readProcessFile(paths.containerd.pidFile)
  if (!left) return false
  const givenUp = (): boolean => !isAlive(left)
  const wait = { clock: env.clock, timeoutMs: ADOPT_TIMEOUT_MS, signal, givenUp }
  if (await waitForSocket(paths.containerd.socket, wait)) return true
  await endProcess(env.clock, left, 5_000)
  return false
}

/** A start that fails is logged; the next round tries again. */
async function restart(options: SuperviseOptions): Promise<void> {
  try {
    // It may only have closed our connection.
    if (await adopt(options)) return
    await start(options)
    options.env.log.info('containerd runs again')
  } catch (error) {
    if (!options.signal.aborted) options.env.log.error('containerd does not start', { err: error })
  }
}

async function start(options: SuperviseOptions): Promise<void> {
  const { env, paths, signal } = options
  const pid = spawnDetached(options)
  const identity = identify(pid)
  if (!identity) throw startFailure(paths, 'it ended at once')
  writeProcessFile(paths.containerd.pidFile, pid)
  leaveCgroup(identity.pid, options.cgroup, env.log)
  const givenUp = (): boolean => !isAlive(identity)
  const answers = await waitForSocket(paths.containerd.socket, {
    clock: env.clock,
    timeoutMs: START_TIMEOUT_MS,
    signal,
    givenUp,
  })
  if (answers) return
  if (givenUp()) throw startFailure(paths, 'it ended')
  await abandon(options, identity)
  throw startFailure(paths, `its socket did not answer within ${START_TIMEOUT_MS / 1000} s`)
}

async function abandon({ env, paths }: SuperviseOptions, identity: ProcessIdentity): Promise<void> {
  await endProcess(env.clock, identity, 2_000)
  rmSync(paths.containerd.pidFile, { force: true })
}

/** In a session of its own, so that no signal to our terminal or process group reaches it. */
function spawnDetached({ program, paths, env }: SuperviseOptions): number {
  rotateLog(paths.containerd.log)
  const log = openSync(paths.containerd.log, 'a', 0o600)
  try {
    const child = spawn(program, ['--config', paths.containerd.config], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log],
      env: hostEnvironment(),
    })
    child.on('error', (error) => env.log.error('containerd cannot be run', { program, err: error }))
    child.unref()
    if (child.pid === undefined) throw startFailure(paths, `${program} cannot be run`)
    return child.pid
  } finally {
    closeSync(log)
  }
}

function rotateLog(file: string): void {
  try {
    if (statSync(file).size > LARGEST_LOG_BYTES) renameSync(file, `${file}.1`)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
}

function startFailure(paths: ClusterPaths, why: string): UserError {
  return new UserError(`containerd does not start: ${why}`, {
    hints: [...lastLines(paths.containerd.log).map((line) => `it said: ${line}`), `its log is ${paths.containerd.log}`],
  })
}

function lastLines(file: string): string[] {
  try {
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    return lines.filter((line) => /level=(error|fatal)|^containerd:/.test(line)).slice(-2)
  } catch (error) {
    return [messageOf(error)]
  }
}
