import type { Env } from '../lib/env.ts'

/**
 * Carries one API request. Two implementations: over HTTPS, and into an API server in the same process. The in-process one has an
 * identity and passes authorization, admission and audit like any other; only sockets and re-encoding are saved.
 */
export interface Transport {
  /** Rejects with a TransportError when there is no answer; an answer of any status resolves. */
  request(request: ApiRequest): Promise<ApiResponse>
  /** Nothing lies between the two ends that could fall asleep or should be balanced: watches may last as long as they like. */
  readonly steady?: boolean
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path with query, as after the host: `/api/v1/namespaces/default/pods?limit=500`. */
  readonly path: string
  /** Lower-case names. `content-type` tells what `body` is; JSON when absent. */
  readonly headers?: Readonly<Record<string, string>>
  /** A plain JSON value, or encoded bytes. */
  readonly body?: unknown
  readonly signal?: AbortSignal
  /** See ListOptions.withoutManagers; others than servers of the same process take no notice. */
  readonly withoutManagers?: boolean
}

export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The decoded JSON body (deeply frozen when shared), text when the answer isn't JSON; undefined for a watch. */
  readonly body: unknown
  /** For `watch=true` answered 200: decoded watch events until the server or the request's signal ends it. */
  readonly events?: AsyncIterable<RawWatchEvent>
}

export interface RawWatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  /** Shared and deeply frozen. For ERROR a Status. */
  readonly object: unknown
}

/** What a client needs besides its transport. */
export interface ClientOptions {
  readonly transport: Transport
  readonly env: Env
  /** Sent as User-Agent, from which the server takes the field manager: the component's name. */
  readonly userAgent: string
}

/** No answer came: the server is out of reach, or the connection broke. Trying again later may help; a write may have happened. */
export class TransportError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TransportError'
  }
}
