import { Histogram } from '../metrics/metrics.ts'

const QUEUE_LENGTHS = [0, 10, 25, 50, 100, 250, 500, 1000]
const SECONDS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
const WATCHES = [0, 1, 10, 100, 1000, 10_000]
const SEATS = [1, 2, 4, 8, 16, 32, 64, 100]

/** What is counted of the requests of one FlowSchema at one priority level. */
export class FlowSeries {
  readonly schema: string
  readonly level: string
  dispatched = 0
  inQueue = 0
  inQueueSeats = 0
  executing = 0
  executingSeats = 0
  noAccommodation = 0
  /** By reason. */
  readonly rejected = new Map<string, number>()
  readonly waits = { true: new Histogram(SECONDS), false: new Histogram(SECONDS) }
  readonly executions = { regular: new Histogram(SECONDS), watch: new Histogram(SECONDS) }
  readonly queueLengths = new Histogram(QUEUE_LENGTHS)
  readonly watchCounts = new Histogram(WATCHES)
  readonly seats = new Histogram(SEATS)

  constructor(schema: string, level: string) {
    this.schema = schema
    this.level = level
  }

  reject(reason: string): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1)
  }

  enqueued(seats: number, length: number): void {
    this.inQueue++
    this.inQueueSeats += seats
    this.queueLengths.observe(length)
  }

  left(seats: number): void {
    this.inQueue--
    this.inQueueSeats -= seats
  }

  observeExecution(isWatch: boolean, seconds: number): void {
    this.executions[isWatch ? 'watch' : 'regular'].observe(seconds)
  }

  observeWait(executes: boolean, seconds: number): void {
    this.waits[executes ? 'true' : 'false'].observe(seconds)
  }
}
