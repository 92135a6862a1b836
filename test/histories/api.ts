import { Agent, request as httpsRequest } from 'node:https'

/** An answer of the API. */
export interface Answer {
  readonly status: number
  readonly body: KubeAnswer
}

export interface KubeAnswer {
  readonly metadata: { readonly name?: string; readonly resourceVersion?: string; readonly uid?: string }
  readonly items?: readonly KubeAnswer[]
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
  readonly message?: string
}

/** No answer came: what was asked for may have happened, or not. */
export class Lost extends Error {}
/** Nobody listened: nothing has happened. */
export class NotSent extends Error {}

export interface WatchEvent {
  readonly type: string
  readonly object: KubeAnswer & { readonly code?: number }
}

/** Speaks to an API server that may die at any moment, and come back at another port. */
export class Api {
  readonly #port: () => number
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false })

  constructor(port: () => number) {
    this.#port = port
  }

  send(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = { ...headersOf(contentType), 'content-length': String(Buffer.byteLength(text)) }
    return new Promise((resolve, reject) => {
      const request = httpsRequest({ ...this.#target(method, path), headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', () => reject(new Lost('cut off')))
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) as KubeAnswer })
        })
      })
      request.on('error', (error: NodeJS.ErrnoException) => {
        reject(error.code === 'ECONNREFUSED' ? new NotSent(error.message) : new Lost(error.message))
      })
      request.end(text)
    })
  }

  /** Follows a watch until it ends, by itself or by what this returns; `ended` resolves then. */
  watch(path: string, onEvent: (event: WatchEvent) => void): { readonly ended: Promise<void>; stop(): void } {
    const request = httpsRequest({ ...this.#target('GET', path), headers: headersOf('') })
    const ended = new Promise<void>((resolve) => {
      request.on('error', () => resolve())
      request.on('response', (response) => {
        let rest = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) onEvent(JSON.parse(line) as WatchEvent)
        })
        response.on('error', () => resolve())
        response.on('close', () => resolve())
      })
    })
    request.end()
    return { ended, stop: () => void request.destroy() }
  }

  close(): void {
    this.#agent.destroy()
  }

  #target(method: string, path: string): { host: string; port: number; method: string; path: string; agent: Agent } {
    return { host: '127.0.0.1', port: this.#port(), method, path, agent: this.#agent }
  }
}

const headersOf = (contentType: string): Record<string, string> => ({
  authorization: 'Bearer admin',
  accept: 'application/json',
  ...(contentType && { 'content-type': contentType }),
})
