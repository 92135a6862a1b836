import { CriError } from './cri/error.ts'

/**
 * Why a container could not be started, or has to wait: `reason` and `message` are shown in its status. When it makes sense to try
 * again is `retryAtMs`, or, when absent, after the pod's own back-off.
 */
export class StartError extends Error {
  readonly reason: string
  readonly retryAtMs: number | undefined

  constructor(reason: string, message: string, retryAtMs?: number) {
    super(message)
    this.name = 'StartError'
    this.reason = reason
    this.retryAtMs = retryAtMs
  }
}

/** What went wrong, without gRPC's own words around what the runtime said. */
export function detailOf(error: unknown): string {
  return error instanceof CriError ? error.detail : textOf(error)
}

/** The text of whatever was thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
