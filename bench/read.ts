import { Agent, request } from 'node:https'
import { readFileSync } from 'node:fs'
import type { Target } from './target.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })

/** How an answer came in. */
export interface Reading {
  readonly firstByteMs: number
  readonly totalMs: number
  readonly bytes: number
}

/** Reads an answer on a connection that is open already, and only counts its bytes. */
export function read(
  { port, token }: Pick<Target, 'port' | 'token'>,
  path: string,
  accept = 'application/json',
): Promise<Reading> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, accept }
    const outgoing = request({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
      let bytes = 0
      let firstByteMs = 0
      response.on('data', (chunk: Buffer) => {
        if (bytes === 0) firstByteMs = performance.now() - started
        bytes += chunk.length
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve({ firstByteMs, totalMs: performance.now() - started, bytes })
        else reject(new Error(`GET ${path} was answered ${response.statusCode}`))
      })
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** Memory of the processes' own in MB: without the files that they have mapped. */
export function anonymousMb(pids: readonly number[]): number {
  const kb = pids.map((pid) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0))
  return kb.reduce((sum, n) => sum + n, 0) / 1024
}
