import type { Call } from '../request/call.ts'
import type { FlowSeries } from './series.ts'
import type { Queue, QueueSet } from './queue-set.ts'
import type { NotedTicket } from './in-flight.ts'
import type { Work } from './types.ts'

/** What a request is to flow control. */
export interface FlowRequestOptions {
  readonly set: QueueSet
  readonly series: FlowSeries
  readonly schemaUid: string
  readonly levelUid: string
  /** What tells flows of one FlowSchema apart. */
  readonly distinguisher: string
  readonly work: Work
  readonly isWatch: boolean
  /** Monotonic. */
  readonly arrivedMs: number
  /** For who looks into it. */
  readonly call: Call
}

/** One request on its way through its priority level. */
export class FlowRequest implements NotedTicket {
  readonly set: QueueSet
  readonly series: FlowSeries
  readonly schemaUid: string
  readonly levelUid: string
  readonly distinguisher: string
  readonly isWatch: boolean
  readonly arrivedMs: number
  readonly call: Call
  work: Work
  arrivalR = 0
  startedMs: number | undefined
  queue: Queue | undefined
  /** Told once whether it goes to work, when it had to wait. */
  decide: ((executes: boolean) => void) | undefined
  retryAfterSeconds: number | undefined
  onEnd: ((nowMs: number) => void) | undefined
  #ended = false

  constructor(options: FlowRequestOptions) {
    this.set = options.set
    this.series = options.series
    this.schemaUid = options.schemaUid
    this.levelUid = options.levelUid
    this.distinguisher = options.distinguisher
    this.work = options.work
    this.isWatch = options.isWatch
    this.arrivedMs = options.arrivedMs
    this.call = options.call
  }

  end(): void {
    if (this.#ended || this.startedMs === undefined) return
    this.#ended = true
    const now = this.set.finish(this)
    this.onEnd?.(now)
  }
}
