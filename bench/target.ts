import { Agent, request } from 'node:https'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { readFileSync } from 'node:fs'

/** A control plane under measurement. */
export interface Target {
  readonly name: string
  readonly port: number
  readonly token: string
  /** Milliseconds from the start of the first process to `/readyz` answering ok. */
  readonly readyMs: number
  /** Every process of it. */
  pids(): readonly number[]
  stop(): Promise<void>
}

const agent = new Agent({ keepAlive: true, maxSockets: 64, rejectUnauthorized: false })

export interface Answered {
  readonly status: number
  readonly body: string
}

/** One request on a kept-alive connection. Rejects when the connection breaks. */
export function send(
  target: Pick<Target, 'port' | 'token'>,
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const outgoing = open(target, method, path, {
      ...(payload !== undefined && {
        'content-type': contentType,
        'content-length': String(Buffer.byteLength(payload)),
      }),
    })
    outgoing.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(payload)
  })
}

/** Sends and demands success; the parsed answer. */
export async function must<T = { metadata: { name: string; resourceVersion: string } }>(
  target: Pick<Target, 'port' | 'token'>,
  method: string,
  path: string,
  body?: unknown,
  contentType?: string,
): Promise<T> {
  const { status, body: text } = await send(target, method, path, body, contentType)
  if (status < 200 || status > 299) throw new Error(`${method} ${path} was answered ${status}: ${text.slice(0, 300)}`)
  return JSON.parse(text) as T
}

/** Opens a watch; `onLine` gets each event as it came. Returns how to end it. */
export function watch(
  target: Pick<Target, 'port' | 'token'>,
  path: string,
  onLine: (line: string) => void,
): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const outgoing = open(target, 'GET', path, {}, new Agent({ rejectUnauthorized: false }))
    outgoing.on('response', (response: IncomingMessage) => {
      let rest = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) onLine(line)
      })
      resolve(() => outgoing.destroy())
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

function open(
  { port, token }: Pick<Target, 'port' | 'token'>,
  method: string,
  path: string,
  headers: Record<string, string>,
  via = agent,
): ClientRequest {
  return request({
    host: '127.0.0.1',
    port,
    method,
    path,
    agent: via,
    headers: { authorization: `Bearer ${token}`, accept: 'application/json', ...headers },
  })
}

/** Resident memory of the processes in MB. */
export function residentMb(pids: readonly number[]): number {
  const kb = pids.map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0))
  return kb.reduce((sum, n) => sum + n, 0) / 1024
}

/** CPU seconds that the processes have used so far. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return sum + (Number(fields[11]) + Number(fields[12])) / 100
  }, 0)
}
