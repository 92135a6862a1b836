/** Where an API server is, how to trust it, and who to be. PEM texts, never file names. */
export interface HttpConfig {
  /** `https://host:port`, perhaps with a path before every request's. `http://` for tests only. */
  readonly server: string
  /** The server's CA; the host's trusted ones when absent. */
  readonly ca?: string
  /** The name expected in the server's certificate, when not the host of `server`. */
  readonly serverName?: string
  readonly insecureSkipTlsVerify?: boolean
  /** A client certificate and its key. Asked again for each connection, so that they can be rotated. */
  readonly certificate?: () => ClientCertificate | undefined
  /** A bearer token. Asked again for each request, so that it can be rotated; cheap. */
  readonly token?: () => string | undefined
}

export interface ClientCertificate {
  readonly cert: string
  readonly key: string
}

/** An answer whose body is still to come. */
export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Ends early when the request's signal aborts; throws a TransportError when the connection breaks. */
  readonly body: AsyncIterable<Uint8Array>
}

/** A request as it goes out. */
export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
  readonly signal: AbortSignal | undefined
}

/** One protocol's way of sending. Rejects with a TransportError. */
export interface Sender {
  send(request: RawRequest): Promise<RawResponse>
  close(): void
}
