import http from 'node:http'
import https from 'node:https'
import { TransportError } from '../transport.ts'
import { tlsOptions } from './tls.ts'
import type { HttpConfig, RawRequest, RawResponse, Sender } from './config.ts'

/** Requests over kept HTTP/1.1 connections, for servers and proxies that don't speak HTTP/2. */
export function http1Sender(config: HttpConfig): Sender {
  const url = new URL(config.server)
  const isPlain = url.protocol === 'http:'
  const options = { keepAlive: true, scheduling: 'lifo' as const }
  const agent = isPlain ? new http.Agent(options) : new https.Agent({ ...options, ...tlsOptions(config) })
  const target = { host: url.hostname, port: url.port || (isPlain ? 80 : 443), agent }
  const start = (request: RawRequest, received: (response: http.IncomingMessage) => void): http.ClientRequest => {
    const { method, path, headers, signal } = request
    const requestOptions = { ...target, method, path, headers, ...(signal && { signal }) }
    return isPlain ? http.request(requestOptions, received) : https.request(requestOptions, received)
  }
  return { send: (request) => sendOnce(start, request, true), close: () => agent.destroy() }
}

type Start = (request: RawRequest, received: (response: http.IncomingMessage) => void) => http.ClientRequest

/** `mayRetry`: a read that met a kept connection which the server had just closed is sent once more. */
function sendOnce(start: Start, request: RawRequest, mayRetry: boolean): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = start(request, (response) => {
      const body = read(response, request.signal)
      resolve({ status: response.statusCode ?? 0, headers: flatten(response.headers), body })
    })
    outgoing.on('error', (cause: NodeJS.ErrnoException) => {
      if (request.signal?.aborted) return reject(cause)
      const isStale = outgoing.reusedSocket && cause.code === 'ECONNRESET' && request.method === 'GET'
      if (isStale && mayRetry) return resolve(sendOnce(start, request, false))
      reject(new TransportError(cause.message, { cause }))
    })
    outgoing.end(request.body)
  })
}

/** The body; ends early when the signal aborts. */
async function* read(response: http.IncomingMessage, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk as Uint8Array
  } catch (cause) {
    if (signal?.aborted) return
    throw new TransportError('connection to the server broke', { cause })
  }
}

/** Headers with one text per name. */
export function flatten(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return flat
}
