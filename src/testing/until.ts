import { hasReason } from '../apimachinery/status.ts'
import { sleep, type Clock, type VirtualClock } from '../lib/clock.ts'
import { parseDuration } from './duration.ts'

export interface UntilOptions {
  /** How long it may take: milliseconds or a duration such as `90s`. */
  readonly within?: number | string
  /** What is waited for, for the error. */
  readonly what?: string
}

interface Means {
  readonly clock: Clock
  readonly virtual: VirtualClock | undefined
  readonly settled: () => Promise<void>
}

const REAL_MS = 10_000
const VIRTUAL_MS = 600_000
/** Real time between two looks. */
const LOOK_MS = 2

/** See Cluster.until. */
export async function untilTrue<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { within, what = String(look) }: UntilOptions,
  { clock, virtual, settled }: Means,
): Promise<T> {
  const limitMs = typeof within === 'string' ? parseDuration(within) : (within ?? (virtual ? VIRTUAL_MS : REAL_MS))
  const endMs = clock.monotonic() + limitMs
  for (;;) {
    await settled()
    const { found, error } = await attempt(look)
    if (found !== undefined && found !== false) return found
    const leftMs = endMs - clock.monotonic()
    const due = virtual ? (virtual.nextDue() ?? Infinity) - clock.now() : LOOK_MS
    if (leftMs <= 0 || due > leftMs) {
      throw new Error(`not within ${limitMs} ms: ${what}`, error === undefined ? undefined : { cause: error })
    }
    if (virtual) await virtual.advance(due, settled)
    else await sleep(clock, due)
  }
}

async function attempt<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<{ readonly found?: T | undefined | false; readonly error?: unknown }> {
  try {
    return { found: await look() }
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
    return { error }
  }
}
