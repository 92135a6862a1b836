import { StatusError } from '../status.ts'

/**
 * A patch that is well formed but cannot be applied. The client is told what upstream tells, which is little;
 * `detail` is upstream's own message.
 */
export class PatchError extends StatusError {
  readonly detail: string

  constructor(detail: string) {
    super({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'the server rejected our request due to an error in our request',
      reason: 'Invalid',
      details: {},
      code: 422,
    })
    this.name = 'PatchError'
    this.detail = detail
  }
}

/** What upstream answers with a plain 500: a strategic merge patch that does not fit the object. */
export function unexpectedPatch(message: string): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}
