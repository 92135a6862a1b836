import { StoreError } from '../store.ts'

/** A call has failed. Worded as Go's gRPC words it. */
export class RpcError extends StoreError {
  /** Go's name of the gRPC code. */
  readonly code: string

  constructor(code: string, detail: string) {
    super(`rpc error: code = ${code} desc = ${detail}`)
    this.name = 'RpcError'
    this.code = code
  }
}

/** The gRPC code of what something failed with, in upstream's words: `OK` for undefined, which is no failure. */
export function codeOf(error: unknown): string {
  if (error === undefined) return 'OK'
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof RpcError) return cause.code
  }
  return 'unknown-non-grpc'
}
