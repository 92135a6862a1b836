import { status } from '@grpc/grpc-js'
import { StoreError } from '../store.ts'

/** With these etcd may have acted: its answer was lost, or it gave up waiting for itself. */
const UNCERTAIN: ReadonlySet<number> = new Set([
  status.CANCELLED,
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.INTERNAL,
  status.UNAVAILABLE,
])

/** With these nobody answered: no member was there, or none in time. */
const AWAITED: ReadonlySet<number> = new Set([status.DEADLINE_EXCEEDED, status.UNAVAILABLE])

/** What a call to etcd fails with. The message is etcd's own, which ends up in answers to clients as upstream's do. */
export class EtcdError extends StoreError {
  /** The gRPC status code. */
  readonly code: number
  /** Whether etcd certainly did not act on it, so that it may be sent again. */
  readonly unsent: boolean

  constructor(message: string, code: number, options: ErrorOptions & { readonly unsent?: boolean } = {}) {
    const { unsent = false, cause } = options
    super(message, { cause, uncertain: !unsent && UNCERTAIN.has(code), timedOut: AWAITED.has(code) })
    this.name = 'EtcdError'
    this.code = code
    this.unsent = unsent
  }
}

/** Whether another member may do what this one could not. */
export function isMembersFault(error: unknown): boolean {
  if (!(error instanceof EtcdError)) return false
  return AWAITED.has(error.code)
}

/** etcd's ErrCompacted. */
export function isCompacted(error: unknown): boolean {
  return error instanceof EtcdError && error.code === status.OUT_OF_RANGE && /has been compacted/.test(error.message)
}

/** etcd's ErrLeaseNotFound: nothing was written. */
export function isLeaseGone(error: unknown): boolean {
  return error instanceof EtcdError && error.code === status.NOT_FOUND && /lease not found/.test(error.message)
}
