import { spawn } from 'node:child_process'
import { isErrno } from './user-error.ts'

/** Where system programs live that a plain user's PATH leaves out. */
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** The folders to look for programs in: PATH, then the system's own. */
export function searchPath(path = process.env.PATH ?? ''): string[] {
  return [...new Set([...path.split(':').filter(Boolean), ...SYSTEM_PATH])]
}

/** The environment that host programs get: ours, with the whole search path, and messages in English. */
export function hostEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, PATH: searchPath().join(':'), LC_ALL: 'C.UTF-8', ...more }
}

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  /** Given to its standard input. */
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  /** Called with output as it comes, standard error and output alike. */
  readonly onOutput?: (text: string) => void
  /** Resolve whatever the exit code; otherwise one that isn't 0 rejects. */
  readonly allowFailure?: boolean
  readonly signal?: AbortSignal
}

/** A program of the host ended with an exit code that isn't 0, or isn't there (code 127). */
export class CommandError extends Error {
  readonly result: CommandResult

  constructor(command: string, result: CommandResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-4).join('; ')
    super(`${command}: ${said || `exit code ${result.code}`}`)
    this.name = 'CommandError'
    this.result = result
  }
}

/** Runs a program without a shell and collects what it says. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await collect(command, args, options)
  if (result.code !== 0 && options.allowFailure !== true) throw new CommandError([command, ...args].join(' '), result)
  return result
}

function collect(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: hostEnvironment(options.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: options.signal,
    })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text
        options.onOutput?.(text)
      })
    }
    child.on('error', (error) => {
      if (isErrno(error, 'ENOENT')) resolve({ code: 127, stdout: '', stderr: `${command} is not installed` })
      else reject(error)
    })
    child.on('close', (code) => resolve({ code: code ?? 128, ...said }))
    // A program that ends without reading its input is judged by its exit code.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}
