import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import type { ClusterPaths } from '../../host/cluster/paths.ts'
import { readProcessFile } from '../../host/cluster/process-file.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { UserError } from '../../host/user-error.ts'
import type { CliContext } from '../context.ts'
import { SERVER_NODE_FLAGS } from '../../host/node-flags.ts'

/** What a server in the background tells the command that started it, over Node's IPC channel. */
export type ServerMessage =
  | { readonly type: 'serving' }
  | { readonly type: 'failed'; readonly message: string; readonly hints: readonly string[]; readonly exitCode: number }

/** The server of a cluster, as the command that waits for it sees it. */
export interface ServerProcess {
  /** Why it has ended; undefined while it lives. */
  problem(): UserError | undefined
  /** Lets it go on alone. */
  letGo(): void
}

/** The server that runs already, or undefined. */
export function runningServer(paths: ClusterPaths): ServerProcess | undefined {
  const runs = (): boolean => readProcessFile(paths.pidFile) !== undefined
  if (!runs()) return undefined
  return { problem: () => (runs() ? undefined : ended(paths, 'it was running before')), letGo: () => undefined }
}

export interface StartOptions {
  readonly settings: ClusterSettings
  readonly paths: ClusterPaths
  readonly dataDir: string
  /** How much it logs, from 0 to 10. */
  readonly verbosity: number
}

/**
 * Starts the cluster's server as a process of its own, which outlives this command. Resolves when it serves the API; rejects
 * with its own words when it cannot.
 */
export async function startServer(context: CliContext, options: StartOptions): Promise<ServerProcess> {
  mkdirSync(options.paths.root, { recursive: true, mode: 0o711 })
  const log = openSync(options.paths.log, 'a', 0o600)
  try {
    const [program, ...args] = context.self
    const { settings, dataDir, verbosity } = options
    const flags = ['--name', settings.name, '--data-dir', dataDir, '-v', String(verbosity)]
    const child = spawn(program, [...SERVER_NODE_FLAGS, ...args, 'server', ...flags], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log, 'ipc'],
      env: context.environment,
    })
    return await untilServing(child, options.paths)
  } finally {
    closeSync(log)
  }
}

function untilServing(child: ChildProcess, paths: ClusterPaths): Promise<ServerProcess> {
  let problem: UserError | undefined
  const server: ServerProcess = {
    problem: () => problem,
    letGo: () => {
      if (child.connected) child.disconnect()
      child.unref()
    },
  }
  return new Promise((resolve, reject) => {
    const fail = (error: UserError): void => {
      problem ??= error
      reject(problem)
    }
    child.once('error', (error) => fail(new UserError('the server cannot be started', { cause: error })))
    child.once('exit', (code, signal) => fail(ended(paths, signal ?? `exit code ${code ?? 'unknown'}`)))
    child.on('message', (message: ServerMessage) => {
      if (message.type === 'serving') resolve(server)
      else fail(new UserError(message.message, { hints: message.hints, exitCode: message.exitCode }))
    })
  })
}

function ended(paths: ClusterPaths, how: string): UserError {
  return new UserError(`the server has ended (${how})`, {
    hints: [...lastLines(paths.log, 5), `its log is ${paths.log}`],
  })
}

function lastLines(file: string, count: number): string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count)
}
