import type { Clock } from '../../lib/clock.ts'
import { TimingHistogram } from '../metrics/timing-histogram.ts'

const DEMAND = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6]
const REQUESTS = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1]
const SEATS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]

interface Bounds {
  readonly queues: number
  readonly queueLengthLimit: number
  readonly nominal: number
  readonly seats: number
}

/** How much of a priority level was in use, and for how long. */
export class LevelUse {
  readonly demand: TimingHistogram
  readonly executing: TimingHistogram
  readonly waiting: TimingHistogram
  readonly seats: TimingHistogram

  constructor(clock: Clock) {
    const now = (): number => clock.monotonic()
    this.demand = new TimingHistogram(DEMAND, now)
    this.executing = new TimingHistogram(REQUESTS, now)
    this.waiting = new TimingHistogram(REQUESTS, now)
    this.seats = new TimingHistogram(SEATS, now)
  }

  configure({ queues, queueLengthLimit, nominal, seats }: Bounds, nowMs: number): void {
    this.demand.setWhole(Math.max(nominal, 1), nowMs)
    this.waiting.setWhole(Math.max(queueLengthLimit * queues, 1), nowMs)
    this.executing.setWhole(Math.max(seats, 1), nowMs)
    this.seats.setWhole(Math.max(seats, 1), nowMs)
  }
}
