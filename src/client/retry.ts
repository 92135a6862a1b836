import { hasReason } from '../apimachinery/status.ts'
import { sleep } from '../lib/clock.ts'
import type { Env } from '../lib/env.ts'

/** client-go's DefaultRetry: five attempts, 10 ms apart, with a little jitter. */
const ATTEMPTS = 5
const PAUSE_MS = 10
const JITTER = 0.1

/** Runs `attempt` (read, change, write) again when the write met a Conflict. The last conflict is thrown. */
export async function retryOnConflict<R>(
  env: Pick<Env, 'clock' | 'random'>,
  attempt: () => Promise<R>,
  signal?: AbortSignal,
): Promise<R> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (!hasReason(error, 'Conflict') || tries === ATTEMPTS) throw error
      await sleep(env.clock, PAUSE_MS * (1 + JITTER * env.random.next()), signal)
    }
  }
}
