import type { Clock } from '../../lib/clock.ts'
import type { ApiRequest, ApiResponse, Transport } from '../transport.ts'
import type { HttpConfig, RawRequest, RawResponse, Sender } from './config.ts'
import { http1Sender } from './http1.ts'
import { http2Sender, NoHttp2Error } from './http2.ts'
import { textOf, watchEvents } from './lines.ts'

export interface HttpTransport extends Transport {
  /** Begins anew, with the certificate that there is now: open requests fail, as when the network does. */
  renew(): void
  /** Closes all connections; open requests fail. */
  close(): void
}

/** A transport to an API server over the network: HTTP/2 where the server speaks it, else HTTP/1.1. */
export function httpTransport(config: HttpConfig, clock: Clock): HttpTransport {
  const prefix = new URL(config.server).pathname.replace(/\/$/, '')
  const newSender = (): Sender => (config.server.startsWith('http:') ? http1Sender(config) : http2Sender(config, clock))
  let sender = newSender()
  const send = async (request: RawRequest): Promise<RawResponse> => {
    try {
      return await sender.send(request)
    } catch (error) {
      if (!(error instanceof NoHttp2Error)) throw error
      sender = http1Sender(config)
      return sender.send(request)
    }
  }
  return {
    request: async (request) => receive(request, await send(outgoing(config, prefix, request))),
    renew() {
      const before = sender
      sender = newSender()
      before.close()
    },
    close: () => sender.close(),
  }
}

function outgoing(config: HttpConfig, prefix: string, { method, path, headers, body, signal }: ApiRequest): RawRequest {
  const bytes = body === undefined ? undefined : body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body))
  const token = config.token?.()
  return {
    method,
    path: prefix + path,
    headers: {
      accept: 'application/json',
      ...(bytes && { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: bytes,
    signal,
  }
}

async function receive({ path, signal }: ApiRequest, { status, headers, body }: RawResponse): Promise<ApiResponse> {
  if (status === 200 && isWatch(path)) return { status, headers, body: undefined, events: watchEvents(body) }
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  signal?.throwIfAborted()
  const text = textOf(chunks)
  const isJson = (headers['content-type'] ?? '').startsWith('application/json')
  return { status, headers, body: isJson && text ? (JSON.parse(text) as unknown) : text }
}

function isWatch(path: string): boolean {
  return /[?&]watch=(true|1)(&|$)/.test(path)
}
