import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ApiServer } from '../server.ts'
import { answerHttp, type HttpRequest, type HttpResponse } from './exchange.ts'

/** Where and with which certificates to listen. */
export interface HttpsOptions {
  /** 0 takes any free port. */
  readonly port: number
  /** The address to bind; all when absent. */
  readonly host?: string
  /** PEM. */
  readonly tls: {
    readonly cert: string
    readonly key: string
    /** CAs of client certificates. */ readonly clientCa?: string
  }
}

/** A listening server. */
export interface HttpsListener {
  readonly port: number
  /** Stops listening and cuts every connection. */
  close(): Promise<void>
}

/** Serves the API over TLS: HTTP/2 and HTTP/1.1 on one port, as the client prefers. Rejects when the port cannot be bound. */
export async function serveHttps(apiServer: ApiServer, options: HttpsOptions): Promise<HttpsListener> {
  const { tls } = options
  const server = createSecureServer({
    allowHTTP1: true,
    cert: tls.cert,
    key: tls.key,
    settings: { maxConcurrentStreams: 250 },
    // Certificates are asked for, never demanded: other credentials may come instead.
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: false,
    ...(tls.clientCa !== undefined && { ca: tls.clientCa }),
  })
  const sockets = new Set<TLSSocket>()
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  })
  server.on('request', (request, response) => {
    void answerHttp(apiServer, request as unknown as HttpRequest, response as unknown as HttpResponse)
  })
  await listen(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function listen(server: Http2SecureServer, { port, host }: HttpsOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
