import { badRequest, failure, type StatusError } from '../../../apimachinery/status.ts'

/** Somewhere that a request is passed on to: a kubelet, a pod, a Service's endpoint. */
export interface ConnectTarget {
  readonly scheme: 'http' | 'https'
  /** An address or a name; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** With query. */
  readonly path: string
  /** The node whose kubelet this is: then the API server shows its client certificate, and a local node may answer instead. */
  readonly node?: string | undefined
  /** An aggregated API server: its certificate is checked for this name, and the API server shows that of a front proxy. */
  readonly aggregated?: { readonly serverName: string; readonly ca?: string | undefined } | undefined
  /** Does not check the certificate: pods and Services have any, and clients may ask so for logs. */
  readonly insecure: boolean
  /** A name that leads to no global address (see isGlobalUnicast) is refused with addressNotAllowed, when it is dialled: not before, when it may have led elsewhere. */
  readonly globalOnly?: boolean
}

/** 400 for what could be the API server itself. */
export function addressNotAllowed(): StatusError {
  return badRequest('address not allowed')
}

export interface ConnectRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: AsyncIterable<Uint8Array> | undefined
  readonly signal: AbortSignal
}

export interface ConnectResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: AsyncIterable<Uint8Array>
}

/** Sends HTTP requests to nodes, pods and Services. Rejects when nobody answers. */
export interface Connector {
  request(target: ConnectTarget, request: ConnectRequest): Promise<ConnectResponse>
  /** Where a connection that is to be upgraded goes, when not to the target itself: a runtime's streaming server. */
  sessionUrl?(target: ConnectTarget): Promise<string>
  /** Whether the node answers by itself, in this process. */
  isLocal?(node: string): boolean
}

/** For a server without a network. */
export const noConnector: Connector = {
  request: () => Promise.reject(failure('ServiceUnavailable', 'this API server has no way to its nodes')),
}

/** Nodes of the same process, simulated ones, answer by themselves; all others are reached through `remote`. */
export class LocalNodes implements Connector {
  readonly #remote: Connector
  readonly #nodes = new Map<string, Connector>()

  constructor(remote: Connector) {
    this.#remote = remote
  }

  /** From now on `node` answers what its kubelet is asked. Returns what takes it back. */
  add(node: string, connector: Connector): () => void {
    this.#nodes.set(node, connector)
    return () => void (this.#nodes.get(node) === connector && this.#nodes.delete(node))
  }

  request(target: ConnectTarget, request: ConnectRequest): Promise<ConnectResponse> {
    return (this.#local(target) ?? this.#remote).request(target, request)
  }

  async sessionUrl(target: ConnectTarget): Promise<string> {
    const url = await this.#local(target)?.sessionUrl?.(target)
    return url ?? `${target.scheme}://${authority(target)}${target.path}`
  }

  isLocal(node: string): boolean {
    return this.#nodes.has(node)
  }

  #local({ node }: ConnectTarget): Connector | undefined {
    return node === undefined ? undefined : this.#nodes.get(node)
  }
}

/** The authority of a target, as it stands in a URL. */
export function authority({ host, port }: Pick<ConnectTarget, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
