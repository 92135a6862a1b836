import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import { sleep } from '../../lib/clock.ts'

/** Whether something answers on a Unix socket. */
export function socketAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (answers: boolean) => () => {
      socket.destroy()
      resolve(answers)
    }
    socket.once('connect', settle(true)).once('error', settle(false))
  })
}

export interface WaitOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Waiting has no point any more. */
  readonly givenUp?: () => boolean
}

/** Waits until something answers on a Unix socket; false when it never did. */
export async function waitForSocket(path: string, options: WaitOptions): Promise<boolean> {
  const until = options.clock.monotonic() + options.timeoutMs
  while (!(await socketAnswers(path))) {
    if (options.clock.monotonic() >= until || options.givenUp?.() === true) return false
    await sleep(options.clock, 10, options.signal)
  }
  return true
}

/**
 * Resolves when the gRPC server behind a Unix socket goes away, or the signal is aborted. It holds an idle HTTP/2
 * session open and lets the kernel tell, so watching costs nothing.
 */
export function untilGone(path: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const session = connectHttp2('http://localhost', { createConnection: () => connect(path) })
    const end = (): void => session.destroy()
    signal.addEventListener('abort', end, { once: true })
    // A failed connection closes too; why it failed is of no interest here.
    session.on('error', () => undefined)
    session.on('close', () => {
      signal.removeEventListener('abort', end)
      resolve()
    })
  })
}
