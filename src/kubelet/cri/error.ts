/** gRPC's status codes, as Go's grpc/codes prints them. */
export type CriCode =
  | 'Canceled'
  | 'Unknown'
  | 'InvalidArgument'
  | 'DeadlineExceeded'
  | 'NotFound'
  | 'AlreadyExists'
  | 'PermissionDenied'
  | 'ResourceExhausted'
  | 'FailedPrecondition'
  | 'Aborted'
  | 'OutOfRange'
  | 'Unimplemented'
  | 'Internal'
  | 'Unavailable'
  | 'DataLoss'
  | 'Unauthenticated'

/**
 * What every CRI call fails with. `Unavailable` means that the runtime could not be reached: the call may be tried again when
 * it is back. The message is worded as Go's gRPC client words it, because it ends up in events and container statuses.
 */
export class CriError extends Error {
  readonly code: CriCode
  /** The runtime's own text. */
  readonly detail: string

  constructor(code: CriCode, detail: string) {
    super(`rpc error: code = ${code} desc = ${detail}`)
    this.name = 'CriError'
    this.code = code
    this.detail = detail
  }
}

/** Whether `error` is a CriError with one of these codes. */
export function hasCode(error: unknown, ...codes: CriCode[]): error is CriError {
  return error instanceof CriError && codes.includes(error.code)
}
