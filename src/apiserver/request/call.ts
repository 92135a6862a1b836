import type { RequestAudit } from '../audit/request-audit.ts'
import type { UserInfo, RequestHeaders } from '../authn/types.ts'
import type { Span } from '../tracing/span.ts'
import type { FlowTicket } from '../flow-control/types.ts'
import type { RequestInfo } from './info.ts'
import type { Latencies } from './latencies.ts'

/** What comes with a request: encoded bytes of a socket, or a plain JSON value of the same process. */
export type RequestBody =
  | { readonly kind: 'none' }
  /** At most the server's limit; over it `read` throws 413. Reading again gives the same bytes. */
  | {
      readonly kind: 'bytes'
      read(): Promise<Uint8Array>
      /** Unlimited, for passing on. */ stream(): AsyncIterable<Uint8Array>
    }
  /** Shared with the sender: copied before change. */
  | { readonly kind: 'value'; readonly value: unknown }

/** One API request on its way through the server, past authentication. */
export interface Call {
  readonly method: string
  readonly info: RequestInfo
  readonly query: URLSearchParams
  readonly headers: RequestHeaders
  readonly user: UserInfo
  /** The address that the request came from; none within this process. */
  readonly remote?: string | undefined
  /** What the request is called, by its client or by this server. */
  readonly auditID?: string | undefined
  readonly body: RequestBody
  /** The client wants to leave HTTP behind (Connection: Upgrade). */
  readonly upgrade?: boolean
  /** Throws 406. Called when it is known what answers, before anything is done. */
  readonly negotiate?: (() => void) | undefined
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
  /** Texts for Warning headers, filled on the way. */
  readonly warnings: string[]
  /** What is going on, when the request is traced: the part that others become parts of. */
  span?: Span | undefined
  /** What it has spent its time in, added to on the way. */
  readonly latencies?: Latencies
  /** Audit annotations, filled on the way: see annotate. */
  readonly annotations: Map<string, string>
  /** What is told of this request, when anything is. */
  readonly audit?: RequestAudit | undefined
  /** Given by flow control. Whoever has sent the answer ends it, but for watches: theirs ends when they have begun. */
  flow?: FlowTicket | undefined
}

/** One header's first value, or ''. */
export function header(headers: RequestHeaders, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : (value?.[0] ?? '')
}

/** Adds an audit annotation. What was said first of a key stays. */
export function annotate({ annotations }: Pick<Call, 'annotations'>, key: string, value: string): void {
  if (!annotations.has(key)) annotations.set(key, value)
}

/** Adds a warning once. */
export function warn(call: Pick<Call, 'warnings'>, text: string): void {
  if (!call.warnings.includes(text)) call.warnings.push(text)
}

/** Where to note what a request spends its time in, when that may be told. */
export function told({ audit, latencies }: Pick<Call, 'audit' | 'latencies'>): Latencies | undefined {
  return audit && latencies
}
