/** How the node agent reaches into pods: for probes and lifecycle hooks. Failures reject with an Error that has Go's wording. */
export interface PodNetwork {
  /** One HTTP request; follows redirects on the same host only, keeps no connection. Reads up to `maxBytes` of the body. */
  http(
    request: ProbeHttpRequest,
  ): Promise<{ readonly status: number; readonly body: string; readonly redirectedTo?: string }>
  /** Connects and hangs up. */
  tcp(host: string, port: number, timeoutMs: number): Promise<void>
  /** grpc.health.v1.Health/Check: resolves to the serving status's name (`SERVING`). */
  grpcHealth(host: string, port: number, service: string, timeoutMs: number): Promise<string>
}

export interface ProbeHttpRequest {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** With query. */
  readonly path: string
  readonly headers: readonly { readonly name: string; readonly value: string }[]
  readonly timeoutMs: number
  readonly maxBytes: number
}
