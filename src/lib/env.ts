import type { Clock } from './clock.ts'
import type { Logger } from './log.ts'
import type { Random } from './random.ts'

/** What every component is given instead of reaching for the host: time, chance, and where to log. */
export interface Env {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}
