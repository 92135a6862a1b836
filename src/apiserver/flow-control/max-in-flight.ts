import type { Clock } from '../../lib/clock.ts'
import type { Call } from '../request/call.ts'
import { InFlight, isMutating, type NotedTicket } from './in-flight.ts'
import { isConnection } from './long-running.ts'
import type { FlowController, FlowTicket } from './types.ts'
import { WatchCounts } from './watch-counts.ts'

/** How many requests may be at work at a time; 0 for as many as come. */
export interface InFlightLimits {
  readonly readOnly: number
  readonly mutating: number
}

const RETRY_AFTER_SECONDS = 1
const MASTERS = 'system:masters'

/** What upstream does without priority and fairness: a number of reading and one of writing requests at a time, and no queues. */
export class MaxInFlight implements FlowController {
  readonly #limits: InFlightLimits
  readonly #clock: Clock
  readonly #inFlight: InFlight
  readonly #watches = new WatchCounts()

  constructor(limits: InFlightLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#inFlight = new InFlight(clock)
    this.#inFlight.bound(limits, 0)
  }

  admit({ info, user }: Call): FlowTicket | undefined {
    if (info.verb === 'watch' || isConnection(info)) return undefined
    const limit = isMutating(info.verb) ? this.#limits.mutating : this.#limits.readOnly
    if (limit > 0 && this.#inFlight.count(info.verb) >= limit) {
      // A super-admin always gets an answer.
      if (user.groups.includes(MASTERS)) return undefined
      return { retryAfterSeconds: RETRY_AFTER_SECONDS, end: () => {} }
    }
    return this.#inFlight.began(new Ticket(this.#clock), info.verb)
  }

  watching(call: Call): () => void {
    return this.#watches.add(call)
  }

  metrics(): Iterable<string> {
    return [...this.#inFlight.metrics(), ...this.#inFlight.utilization()]
  }
}

class Ticket implements NotedTicket {
  onEnd: ((nowMs: number) => void) | undefined
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  end(): void {
    this.onEnd?.(this.#clock.monotonic())
    this.onEnd = undefined
  }
}
