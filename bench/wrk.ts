import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Target } from './target.ts'

const run = promisify(execFile)
const LUA = new URL('./lua/', import.meta.url).pathname

/** What a load run came to. */
export interface Load {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers other than 2xx, and broken connections. */
  readonly failures: number
}

export interface LoadOptions {
  readonly clients: number
  readonly seconds: number
  readonly path: string
  /** A script in lua/ that makes the requests; plain GETs when absent. */
  readonly script?: string
  /** What the script is told. */
  readonly args?: readonly string[]
}

/** Why wrk cannot run; undefined when it can. */
export async function missingWrk(): Promise<string | undefined> {
  try {
    await run('wrk', ['-v'])
  } catch (error) {
    // wrk answers -v with exit code 1.
    if ((error as { code?: unknown }).code === 'ENOENT') return 'wrk is not installed (apt-get install wrk)'
  }
  return undefined
}

/** Loads the target from a native process, so that the generator is not what is measured. */
export async function load(
  target: Target,
  { clients, seconds, path, script, args: told = [] }: LoadOptions,
): Promise<Load> {
  const args = [
    '-t',
    clients > 1 ? '2' : '1',
    '-c',
    String(clients),
    '-d',
    `${seconds}s`,
    '--latency',
    '--timeout',
    '10s',
  ]
  args.push(
    '-H',
    `Authorization: Bearer ${target.token}`,
    '-s',
    `${LUA}${script ?? 'get'}.lua`,
    `https://127.0.0.1:${target.port}${path}`,
    ...(told.length > 0 ? ['--', ...told] : []),
  )
  const { stdout } = await run('wrk', args, { maxBuffer: 1024 * 1024 })
  const line = /^RESULT (.*)$/m.exec(stdout)?.[1]
  if (!line) throw new Error(`wrk said nothing that can be read:\n${stdout}`)
  const { requests, micros, p50, p99, failures } = JSON.parse(line) as Record<string, number>
  return {
    requests: requests ?? 0,
    perSecond: ((requests ?? 0) * 1e6) / (micros ?? 1),
    p50Ms: (p50 ?? 0) / 1000,
    p99Ms: (p99 ?? 0) / 1000,
    failures: failures ?? 0,
  }
}
