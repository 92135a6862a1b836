/** How the command ends: scripts may rely on these. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** The machine lacks something that the cluster needs. */
  hostNotReady: 3,
  /** Waited as long as it was told to. */
  timedOut: 4,
  notRunning: 5,
} as const

/**
 * A failure that a person can do something about. The message says what is wrong, each hint what to do; the command
 * prints both without a stack.
 */
export class UserError extends Error {
  readonly hints: readonly string[]
  readonly exitCode: number

  constructor(message: string, options: { hints?: readonly string[]; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'UserError'
    this.hints = options.hints ?? []
    this.exitCode = options.exitCode ?? EXIT.failed
  }
}

/** Whether `error` is a Node system error with one of these codes, such as ENOENT. */
export function isErrno(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
