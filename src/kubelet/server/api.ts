import type { NodePath } from './node-path.ts'

/** A request to the node agent's server, wherever it came in. Who sent it has been settled. */
export interface NodeRequest {
  readonly method: string
  /** With query: `/containerLogs/default/web/nginx?follow=true`. */
  readonly path: string
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** An answer; a body that comes in pieces ends when it is complete or the request's signal aborts. */
export interface NodeResponse {
  readonly status: number
  readonly contentType: string
  /** Where a redirect leads. */
  readonly location?: string
  readonly body: string | AsyncIterable<Uint8Array>
}

/** What a node agent answers: over its own HTTPS server, or to an API server in the same process. */
export interface NodeApi {
  /** Never rejects: what goes wrong is an answer. */
  request(request: NodeRequest): Promise<NodeResponse>
  /**
   * Prepares an exec, attach or port-forward session, given the path with query that the node agent's server takes (`/exec/default/web/nginx?command=ls&output=1`).
   * Resolves to the URL of the runtime's streaming server, where the upgrade request is to go. Rejects with a NodeApiError.
   */
  stream(path: string): Promise<string>
}

/** A request that cannot be answered as asked. */
export class NodeApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'NodeApiError'
    this.status = status
  }
}

const STREAMS: ReadonlySet<string> = new Set(['exec', 'attach', 'portForward'])

/** Whether a path asks for a session that takes the connection over. */
export function isStreamPath({ parts }: Pick<NodePath, 'parts'>): boolean {
  return parts.length > 1 && STREAMS.has(parts[0] ?? '')
}

export const text = (body: string, status = 200): NodeResponse => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body,
})

export const json = (value: unknown): NodeResponse => ({
  status: 200,
  contentType: 'application/json',
  body: JSON.stringify(value),
})
