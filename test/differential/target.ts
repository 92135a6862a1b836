import { Agent, request as httpsRequest } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { HookServer } from './hook-server.ts'

/** A server to send requests to, and the ways in. */
export interface Target {
  readonly url: string
  /** Bearer tokens by user. */
  readonly tokens: { readonly admin: string; readonly alice: string }
  readonly agent: Agent
  /** The webhooks that it asks. */
  readonly hooks: HookServer
}

/** An answer as it came. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
  /** Called with each piece; true when enough has come. */
  readonly enough?: (soFar: Buffer) => boolean
  /** Called when the head of the answer is there. */
  readonly begun?: () => void
}

export const target = async (url: string): Promise<Target> => ({
  url,
  tokens: { admin: 'admintoken', alice: 'alicetoken' },
  agent: new Agent({ keepAlive: true, maxSockets: 64, rejectUnauthorized: false }),
  hooks: await HookServer.start(),
})

export function leave({ agent, hooks }: Target): void {
  agent.destroy()
  hooks.stop()
}

/** A request that goes unanswered this long fails its case. */
const PATIENCE_MS = 50_000
/** How long events are waited for that do not come. */
const EVENT_PATIENCE_MS = 15_000

/** Sends one request. Rejects when the connection fails. */
export function send({ url, agent }: Target, outgoing: Outgoing): Promise<Reply> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const { method, path, headers } = outgoing
    const request = httpsRequest({ hostname, port, method, path, headers, agent, rejectUnauthorized: false })
    request.setTimeout(outgoing.enough ? EVENT_PATIENCE_MS : PATIENCE_MS, () => request.destroy(new Error('no answer')))
    request.once('error', reject)
    request.once('response', (response) => {
      const chunks: Buffer[] = []
      const done = (): void => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      }
      outgoing.begun?.()
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (!outgoing.enough?.(Buffer.concat(chunks))) return
        done()
        request.destroy()
      })
      response.once('end', done)
      // A watch that says less than expected ends here with what there is: the comparison tells.
      response.once('error', done)
    })
    request.end(outgoing.body)
  })
}
