import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { testCertificate } from '../../src/apiserver/http/test-certificate.ts'

/** What a webhook was asked: an AdmissionReview or ConversionReview, as it came. */
export interface Question {
  readonly apiVersion: string
  readonly kind: string
  readonly request: Record<string, unknown> & { readonly uid: string }
}

/** What a webhook does with a question: returns the `response` of a review, or writes the answer itself. */
export type Behaviour = (asked: Question, exchange: Exchange) => object | void

export interface Exchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

/** What came in for a case, in the order of names and time. */
interface Asked {
  readonly hook: string
  readonly method: string
  readonly query: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly review: unknown
}

/** A hook that refuses whatever it is asked, and tells a case in that way that its configuration is in force. */
export const READY = 'ready'

/** Headers that tell how a question is asked, not by whom. */
const TELLING = ['accept', 'content-type', 'host']

/** An HTTPS server that is asked by one API server, and behaves as the cases say: `/<case>/<hook>`. */
export class HookServer {
  readonly #server: Server
  readonly #behaviours = new Map<string, Readonly<Record<string, Behaviour>>>()
  readonly #asked = new Map<string, Asked[]>()
  #url = ''

  constructor() {
    this.#server = createServer(testCertificate, (incoming, outgoing) => void this.#answer({ incoming, outgoing }))
  }

  static async start(): Promise<HookServer> {
    const hooks = new HookServer()
    hooks.#server.listen(0, '127.0.0.1')
    await once(hooks.#server, 'listening')
    hooks.#url = `https://localhost:${(hooks.#server.address() as AddressInfo).port}`
    return hooks
  }

  get url(): string {
    return this.#url
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  expect(id: string, behaviours: Readonly<Record<string, Behaviour>>): void {
    this.#behaviours.set(id, behaviours)
  }

  /** What a case's hooks were asked since this was last called, hook by hook. */
  takeAsked(id: string): readonly Asked[] {
    const asked = this.#asked.get(id) ?? []
    this.#asked.delete(id)
    return asked.toSorted((a, b) => (a.hook < b.hook ? -1 : a.hook > b.hook ? 1 : 0))
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { incoming, outgoing } = exchange
    const [path = '', query = ''] = (incoming.url ?? '').split('?')
    const [, id = '', ...rest] = path.split('/')
    const hook = rest.join('/')
    const text = await textOf(incoming)
    const review = text === '' ? undefined : (JSON.parse(text) as Question)
    if (hook === READY && review) {
      reply(review, outgoing, { allowed: false, status: { message: READY } })
      return
    }
    const headers = Object.fromEntries(TELLING.map((name) => [name, incoming.headers[name]]))
    const asked = this.#asked.get(id) ?? []
    this.#asked.set(id, asked)
    asked.push({ hook, method: incoming.method ?? '', query, headers, review })
    const behaviour = this.#behaviours.get(id)?.[rest[0] ?? '']
    if (!behaviour || !review) {
      outgoing.writeHead(404).end('no such webhook')
      return
    }
    const response = behaviour(review, exchange)
    if (response !== undefined) reply(review, outgoing, response)
  }
}

/** A review that answers, allowed unless told. */
export function answerTo({ apiVersion, kind, request }: Question, response: object): string {
  return JSON.stringify({ apiVersion, kind, response: { uid: request.uid, allowed: true, ...response } })
}

function reply(review: Question, outgoing: ServerResponse, response: object): void {
  outgoing.writeHead(200, { 'content-type': 'application/json' }).end(answerTo(review, response))
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
  } catch {
    return ''
  }
  return Buffer.concat(chunks).toString()
}
