import { Agent, request as httpsRequest } from 'node:https'
import { Lost, NotSent, type KubeAnswer } from '../histories/api.ts'

export interface Told {
  readonly status: number
  readonly body: KubeAnswer
  readonly auditId: string
}

/** Sends to a server that may die at any moment; tells under which audit id each answer was. */
export class Client {
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false })

  constructor(port: number) {
    this.#port = port
  }

  send(method: string, path: string, body?: object, type = 'application/json'): Promise<Told> {
    const text = body ? JSON.stringify(body) : ''
    const headers = {
      authorization: 'Bearer admin',
      accept: 'application/json',
      'content-length': String(Buffer.byteLength(text)),
      ...(body && { 'content-type': type }),
    }
    const target = { host: '127.0.0.1', port: this.#port, method, path, agent: this.#agent, headers }
    return new Promise((done, fail) => {
      const request = httpsRequest(target, (response) => {
        let answer = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
        response.on('error', () => fail(new Lost('cut off')))
        response.on('end', () => {
          const auditId = String(response.headers['audit-id'] ?? '')
          try {
            done({ status: response.statusCode ?? 0, body: JSON.parse(answer) as KubeAnswer, auditId })
          } catch {
            fail(new Lost(`half an answer: ${answer.slice(0, 100)}`))
          }
        })
      })
      request.on('error', (error: NodeJS.ErrnoException) => {
        fail(error.code === 'ECONNREFUSED' ? new NotSent(error.message) : new Lost(error.message))
      })
      request.end(text)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
