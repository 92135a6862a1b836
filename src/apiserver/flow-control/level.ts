import type { Frozen } from '../../apimachinery/meta.ts'
import type { PriorityLevelConfiguration } from '../../api/generated/types/flowcontrol/v1.ts'
import type { Clock } from '../../lib/clock.ts'
import { RetryAfter } from './dropped.ts'
import { Integrator, type Observed } from './integrator.ts'
import { LevelUse } from './level-use.ts'
import { type Gate, QueueSet, type QueueSettings } from './queue-set.ts'

/** With it half of a demand is forgotten in five minutes. */
const SMOOTHING = 0.977
/** A request may take this part of a level's seats. */
const MOST_OF_LEVEL = 0.15

/** How many seats were wanted, as of the last adjustment. */
interface Demand {
  readonly highest: number
  readonly average: number
  readonly deviation: number
  readonly smoothed: number
}

/** A priority level at work: its seats, its queues, and what it was asked for lately. */
export class Level {
  readonly name: string
  readonly set: QueueSet
  readonly retryAfter = new RetryAfter()
  object: Frozen<PriorityLevelConfiguration>
  /** It is not wanted any more, and goes when those who use it have gone. */
  quiescing = false
  nominal = 0
  /** What cannot be lent. */
  least = 0
  /** With all that may be borrowed. */
  most = 0
  current = 0
  target = 0
  /** The most seats of one request; 0 when nothing is said. */
  mostSeats = 0
  demand: Demand = { highest: 0, average: 0, deviation: 0, smoothed: 0 }
  readonly use: LevelUse
  readonly #clock: Clock
  readonly #integrator: Integrator

  constructor(object: Frozen<PriorityLevelConfiguration>, clock: Clock, gate: Gate) {
    this.name = object.metadata.name ?? ''
    this.object = object
    this.#clock = clock
    this.#integrator = new Integrator(clock.monotonic())
    this.use = new LevelUse(clock)
    this.set = new QueueSet(this.name, queueSettings(object), {
      clock,
      gate,
      demand: this.#integrator,
      use: this.use,
    })
  }

  get exempt(): boolean {
    return this.object.spec.type === 'Exempt'
  }

  get shares(): number {
    const { limited, exempt } = this.object.spec
    return (limited ?? exempt)?.nominalConcurrencyShares ?? 0
  }

  /** Shares the server's seats out. */
  divide(serverSeats: number, allShares: number): void {
    const { limited, exempt } = this.object.spec
    const nominal = allShares > 0 ? Math.ceil((serverSeats * this.shares) / allShares) : 0
    const lendable = Math.round((nominal * ((limited ?? exempt)?.lendablePercent ?? 0)) / 100)
    const percent = limited?.borrowingLimitPercent
    const borrowing = percent === undefined ? serverSeats : Math.round((nominal * percent) / 100)
    const isNew = this.most === 0
    this.nominal = nominal
    this.least = nominal - lendable
    this.most = nominal + borrowing
    if (isNew) this.current = nominal - Math.floor(lendable / 2)
    const { handSize = 0 } = limited?.limitResponse?.queuing ?? {}
    const share = handSize > 0 ? Math.min(Math.ceil(nominal * MOST_OF_LEVEL), Math.floor(nominal / handSize)) : 0
    this.mostSeats = handSize > 0 ? Math.max(1, share) : 0
  }

  /** Looks at what was wanted since the last time, and before that `idlePeriods` periods in which nothing was. */
  observe(nowMs: number, idlePeriods: number): void {
    this.demand = demandAfter(this.demand, this.#integrator.reset(nowMs), idlePeriods)
  }

  /** The least that it keeps for now: what it has used, but no more than is its own. */
  get leastNow(): number {
    const used = this.exempt ? this.demand.highest : Math.min(this.nominal, this.demand.highest)
    return Math.max(this.least, used)
  }

  /** How many requests may wait. */
  get mostWaiting(): number {
    const { queues, queueLengthLimit } = queueSettings(this.object)
    return Math.max(queues, 0) * queueLengthLimit
  }

  /** Takes on its settings and its seats. */
  configure(seats: number): void {
    this.current = seats
    const settings = queueSettings(this.object)
    this.use.configure({ ...settings, nominal: this.nominal, seats }, this.#clock.monotonic())
    this.set.configure(settings, seats)
  }
}

function demandAfter(known: Demand, observed: Observed, idlePeriods: number): Demand {
  const { seconds, average, deviation, max: highest } = observed
  // Of no time at all nothing can be said but what is wanted now.
  if (seconds <= 0) return { ...known, highest }
  const envelope = average + deviation
  const before = known.smoothed * SMOOTHING ** idlePeriods
  return { highest, average, deviation, smoothed: Math.max(envelope, SMOOTHING * before + (1 - SMOOTHING) * envelope) }
}

function queueSettings({ spec }: Frozen<PriorityLevelConfiguration>): QueueSettings {
  if (spec.type === 'Exempt') return { queues: -1, handSize: 0, queueLengthLimit: 0 }
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = spec.limited?.limitResponse?.queuing ?? {}
  return { queues, handSize, queueLengthLimit }
}

/** Whether the parts of a configuration belong together; what is not as it should be is passed over. */
export function isSound({ metadata, spec }: Frozen<PriorityLevelConfiguration>): boolean {
  const { type, limited, exempt } = spec
  if ((type === 'Limited') !== (limited !== undefined) || (type === 'Exempt') !== (exempt !== undefined)) return false
  if ((type === 'Exempt') !== (metadata.name === 'exempt')) return false
  const { type: response, queuing } = limited?.limitResponse ?? { type: 'Reject' }
  return !limited || (response === 'Reject') === (queuing === undefined)
}
