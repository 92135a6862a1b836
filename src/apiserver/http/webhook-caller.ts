import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { codeOf, inGosWords } from './go-errors.ts'
import { checkNames, signedBy } from './server-identity.ts'
import type { CallWebhook, WebhookRequest, WebhookResponse } from '../admission/webhooks/types.ts'

/** A larger answer is not read. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
/** Nor are longer headers. */
const MAX_HEADER_BYTES = 64 * 1024
/** Connections that wait for their next use, for each place and authority. */
const MAX_IDLE = 16

/** Calls webhooks over HTTPS, with connections kept alive. Redirects are not followed. */
export function networkWebhooks(): CallWebhook {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_IDLE, checkServerIdentity: checkNames })
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

/** A connection of its own. (Of an agent's the check is the agent's: connections with a check of their own are never used again.) */
const ALONE = { agent: false, checkServerIdentity: checkNames } as const

function post(agent: Agent | undefined, request: WebhookRequest): Promise<WebhookResponse> {
  const { url, dial, body, onHead } = request
  const { hostname, port } = new URL(url)
  const name = hostname.replace(/^\[|\]$/g, '')
  const target = dial ?? { host: name, port: Number(port) || 443 }
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      { ...optionsOf(request, name, target), ...(agent ? { agent } : ALONE) },
      (response) => {
        onHead?.()
        read(response).then(resolve, (error: unknown) => {
          reject(error instanceof Error ? error : new Error(String(error)))
          outgoing.destroy()
        })
      },
    )
    outgoing.once('error', (error) => {
      const isStale = outgoing.reusedSocket && codeOf(error) === 'ECONNRESET'
      reject(isStale ? new StaleConnection(error.message) : inGosWords(error, name, target))
    })
    outgoing.end(body)
  })
}

function optionsOf(
  { url, dial, ca, body, signal, traceparent }: WebhookRequest,
  name: string,
  target: NonNullable<WebhookRequest['dial']>,
): RequestOptions {
  const { host, pathname, search } = new URL(url)
  return {
    method: 'POST',
    host: target.host,
    port: target.port,
    path: `${pathname}${search}`,
    ...(dial && { servername: name }),
    ...signedBy(ca),
    headers: {
      host,
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': body.length,
      'user-agent': 'kube-apiserver-admission',
      ...(traceparent !== undefined && { traceparent }),
    },
    signal,
    maxHeaderSize: MAX_HEADER_BYTES,
  }
}

async function read(response: IncomingMessage): Promise<WebhookResponse> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > MAX_ANSWER_BYTES) throw new Error('http: response body too large')
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof Error && codeOf(error) === 'ECONNRESET' ? new Error('unexpected EOF') : error
  }
  const { statusCode = 502, headers } = response
  const retryAfter = /^\d+$/.test(headers['retry-after'] ?? '') ? Number(headers['retry-after']) : undefined
  return {
    status: statusCode,
    contentType: headers['content-type'] ?? '',
    ...(retryAfter !== undefined && { retryAfterSeconds: retryAfter }),
    body: Buffer.concat(chunks, length),
  }
}
