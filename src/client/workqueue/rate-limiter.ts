import type { Clock } from '../../lib/clock.ts'
import { TokenBucket } from '../../lib/token-bucket.ts'

/** Says how long a key that failed must wait. */
export interface RateLimiter {
  /** Counts a failure of `key` and returns the ms until it may be tried again. */
  when(key: string): number
  /** `key` succeeded: its failures no longer count. */
  forget(key: string): void
  /** How often `key` has failed since it last succeeded. */
  failures(key: string): number
}

/** client-go's DefaultTypedControllerRateLimiter: per key 5 ms doubling to 1,000 s; over all 10 a second after the first 100. */
const FIRST_MS = 5
const MAX_MS = 1_000_000
const PER_SECOND = 10
const BURST = 100

/** Upstream's default: the longer of the key's own back-off and the overall bucket. */
export function controllerRateLimiter(clock: Clock): RateLimiter {
  const failures = new Map<string, number>()
  const bucket = new TokenBucket(clock, PER_SECOND, BURST)
  return {
    when(key) {
      const failed = failures.get(key) ?? 0
      failures.set(key, failed + 1)
      return Math.max(Math.min(FIRST_MS * 2 ** failed, MAX_MS), bucket.reserve())
    },
    forget: (key) => void failures.delete(key),
    failures: (key) => failures.get(key) ?? 0,
  }
}
