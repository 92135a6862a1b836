import { badRequest, expired, failure, StatusError } from '../../apimachinery/status.ts'
import { sleep } from '../../lib/clock.ts'
import { CompactedError, FutureRevisionError } from '../../store/store.ts'
import type { Registry } from './served.ts'

/** How long a read waits for a revision that is not there yet, as upstream's watch cache. */
const WAIT_MS = 3000
const POLL_MS = 50

/** A resourceVersion of a list as a number. Throws 400. */
export function parseRevision(text: string): number {
  if (isRevision(text)) return Number(text)
  throw badRequest(`invalid resource version: ${notARevision(text)}`)
}

/** A resourceVersion of a get or a watch as a number. Throws what upstream answers with a plain 500. */
export function parseRevisionBare(text: string): number {
  if (isRevision(text)) return Number(text)
  throw bareError(notARevision(text))
}

/** Whether it is a number that a store may have. */
export function isRevision(text: string): boolean {
  return /^\d+$/.test(text) && (text.length < 20 || BigInt(text) < 2n ** 64n)
}

function notARevision(text: string): string {
  const quoted = JSON.stringify(text)
  return `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${/^\d+$/.test(text) ? 'value out of range' : 'invalid syntax'}`
}

/** An error that upstream lets through as it is: code 500, no reason. */
export function bareError(message: string): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}

/** Waits a little until the store has reached `revision`; then gives up with upstream's 504. */
export async function waitForRevision(registry: Registry, revision: number, signal: AbortSignal): Promise<void> {
  const { store, env } = registry
  // Another server may have written it.
  if (store.revision < revision) await store.latest()
  for (let waited = 0; store.revision < revision; waited += POLL_MS) {
    if (waited >= WAIT_MS) throw tooLargeRevision(revision, store.revision)
    await sleep(env.clock, POLL_MS, signal)
  }
}

/** Upstream's answer to a revision from the future; clients know it by the cause. */
export function tooLargeRevision(asked: number, current: number): StatusError {
  return failure('Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

/** Turns a store's complaint about a revision into the answer for a list at it. */
export function listRevisionError(error: unknown, asked: number, current: number): unknown {
  if (error instanceof CompactedError) return expired('The resourceVersion for the provided list is too old.')
  if (error instanceof FutureRevisionError) return tooLargeRevision(asked, current)
  return error
}
