import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { codeOf, inGosWords } from './go-errors.ts'
import type { CallWebhook, WebhookRequest, WebhookResponse } from '../admission/webhooks/types.ts'

/** A larger answer is not read. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Calls webhooks over HTTPS, with connections kept alive. */
export function networkWebhooks(): CallWebhook {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 16 })
  return async (request) => {
    try {
      return await post(agent, request)
    } catch (error) {
      // A connection that was kept may have been closed by the other side in the meantime.
      if (!(error instanceof StaleConnection)) throw error
      return post(undefined, request)
    }
  }
}

class StaleConnection extends Error {}

function post(agent: Agent | undefined, { url, dial, ca, body, signal }: WebhookRequest): Promise<WebhookResponse> {
  const { hostname, port, host, pathname, search } = new URL(url)
  const name = hostname.replace(/^\[|\]$/g, '')
  const target = dial ?? { host: name, port: Number(port) || 443 }
  const options: RequestOptions = {
    method: 'POST',
    host: target.host,
    port: target.port,
    path: `${pathname}${search}`,
    ...(dial && { servername: name }),
    ...(ca !== undefined && { ca }),
    headers: {
      host,
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': body.length,
      'user-agent': 'kube-apiserver-admission',
    },
    signal,
    ...(agent ? { agent } : { agent: false }),
  }
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(options, (response) => {
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > MAX_ANSWER_BYTES) response.destroy(new Error('http: response body too large'))
        else chunks.push(chunk)
      })
      response.once('end', () => resolve({ status: response.statusCode ?? 502, body: Buffer.concat(chunks, length) }))
      response.once('error', reject)
    })
    outgoing.once('error', (error) => {
      const isStale = outgoing.reusedSocket && codeOf(error) === 'ECONNRESET'
      reject(isStale ? new StaleConnection(error.message) : inGosWords(error, name, target))
    })
    outgoing.end(body)
  })
}
