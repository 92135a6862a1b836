import { buildProgram, runProgram } from '../cli/program.ts'
import type { CliContext, Output } from '../cli/context.ts'
import { systemClock } from '../lib/clock.ts'
import { keepAlive } from '../lib/host/keep-alive.ts'
import { lineLogger } from '../lib/host/line-logger.ts'
import { systemRandom } from '../lib/random.ts'
import { isErrno } from '../host/user-error.ts'
import { KUBERNETES_VERSION } from '../apiserver/version.ts'
import { packageFile, packageVersion } from './package-files.ts'
import { criRuntimes } from './runtimes.ts'
import { API_FLAGS } from './server/api-config/flags.ts'
import { agentCommand, serverCommand } from './server/command.ts'
import { snapshotCommand } from './snapshot/command.ts'

/** Runs the command line of this process. `entry` is the file that Node.js was started with. */
export async function main({ entry }: { readonly entry: string }): Promise<void> {
  const interrupted = new AbortController()
  const release = keepAlive()
  const context = hostContext(entry, interrupted.signal)
  const program = buildProgram(context, [serverCommand, agentCommand, snapshotCommand])
  endWithReader(process)
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
  try {
    process.exitCode = await runProgram(program, context, process.argv.slice(2))
  } finally {
    release()
  }
}

function hostContext(entry: string, signal: AbortSignal): CliContext {
  const write = (line: string): void => void process.stderr.write(line)
  const log = lineLogger({ clock: systemClock, level: 'warn', format: 'text', write })
  return {
    env: { clock: systemClock, random: systemRandom, log },
    environment: process.env,
    out: output(process.stdout),
    err: output(process.stderr),
    signal,
    self: [process.execPath, ...process.execArgv, entry],
    versions: { skiff: packageVersion(), kubernetes: KUBERNETES_VERSION, node: process.version },
    packageFolder: packageFile('.'),
    runtimes: criRuntimes,
    apiFlags: API_FLAGS,
    checkApiFlags: async (given, { clusterDomain }) =>
      (await import('./server/api-config/config.ts')).checkApiConfig(given, systemClock, clusterDomain),
  }
}

/** How a shell tells of a process that SIGPIPE ended. */
const ENDED_BY_SIGPIPE = 141

/** Whoever has read enough, such as `head`, ends the command without a word, as it ends any other; what is told on the way may go unread. */
function endWithReader({ stdout, stderr }: NodeJS.Process): void {
  const isGone = (error: unknown): boolean => isErrno(error, 'EPIPE')
  stdout.on('error', (error) => {
    if (!isGone(error)) throw error
    process.exit(ENDED_BY_SIGPIPE)
  })
  stderr.on('error', (error) => {
    if (!isGone(error)) throw error
  })
}

function output(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true && process.env.NO_COLOR === undefined,
  }
}
