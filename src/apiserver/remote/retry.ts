import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { RemoteError } from './service.ts'

/** Growing waits between attempts. */
export interface RetryBackoff {
  readonly firstMs: number
  readonly factor: number
  /** Each wait is stretched by up to this share of itself. */
  readonly jitter: number
  /** How often is asked, at most. */
  readonly steps: number
}

/** kube-apiserver's for its webhooks of authentication and authorization. */
export const DEFAULT_RETRY: RetryBackoff = { firstMs: 500, factor: 1.5, jitter: 0.2, steps: 5 }

/**
 * Asks until an answer comes, or a failure that asking again would not mend, or all attempts are used up or
 * `signal` says that nobody waits any more; then rejects with the last failure.
 */
export async function withRetries<T>(
  { clock, random }: Pick<Env, 'clock' | 'random'>,
  { firstMs, factor, jitter, steps }: RetryBackoff,
  ask: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  let waitMs = firstMs
  for (let step = 1; ; step++) {
    try {
      return await ask()
    } catch (error) {
      if (step >= steps || signal?.aborted || !(error instanceof RemoteError) || !error.retry) throw error
      await sleep(clock, waitMs * (1 + jitter * random.next()), signal).catch(() => Promise.reject(error))
      waitMs *= factor
    }
  }
}
