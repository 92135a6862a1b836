import { sleep, systemClock } from '../../src/lib/clock.ts'

const POLL_MS = 200

/** Looks until what it looks for is there, that is until `look` no longer throws; then gives what it found. */
export async function eventually<T>(look: () => Promise<T>, timeoutMs = 30_000): Promise<T> {
  const deadline = systemClock.monotonic() + timeoutMs
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (systemClock.monotonic() >= deadline) throw error
      await sleep(systemClock, POLL_MS)
    }
  }
}
