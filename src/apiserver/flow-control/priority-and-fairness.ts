import type { FlowSchema, PriorityLevelConfiguration } from '../../api/generated/types/flowcontrol/v1.ts'
import type { Timer } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { MaybePromise, Store } from '../../store/store.ts'
import type { Mirror } from '../mirror/mirror.ts'
import type { Call } from '../request/call.ts'
import type { RequestInfo } from '../request/info.ts'
import type { Route } from '../routes/routes.ts'
import { dumpRoutes } from './dump.ts'
import { FlowRequest } from './flow-request.ts'
import { InFlight } from './in-flight.ts'
import { ADJUSTMENT_MS, Levels, type Schema } from './levels.ts'
import type { ResourceTable } from '../resource-table.ts'
import { isConnection } from './long-running.ts'
import { flowMetrics } from './metrics.ts'
import { Patience, type Waiting } from './patience.ts'
import type { Gate } from './queue-set.ts'
import { Dealer } from './shuffle.ts'
import { StoredStats } from './stored-stats.ts'
import { Turns } from './turns.ts'
import { type FlowController, type FlowTicket, mostSeats } from './types.ts'
import { WatchCounts } from './watch-counts.ts'
import { waitLimitMs } from './wait-limit.ts'
import { estimateWork, type ResourceStats } from './work.ts'

type StatsOf = (info: RequestInfo) => ResourceStats | undefined

export interface PriorityAndFairnessOptions {
  readonly env: Env
  readonly store: Store
  readonly schemas: Mirror<FlowSchema>
  readonly levels: Mirror<PriorityLevelConfiguration>
  /** How many requests are answered at a time: --max-requests-inflight and --max-mutating-requests-inflight together. */
  readonly serverSeats: number
  /** --request-timeout. */
  readonly requestTimeoutMs: number
  /** Whether the thread has time; found out unless told. */
  readonly gate?: Gate
}

const NO_HAND: readonly number[] = []

/** API Priority and Fairness (KEP-1040): each request has a flow, each flow its fair part of its priority level's seats. */
export class PriorityAndFairness implements FlowController {
  readonly levels: Levels
  readonly #options: PriorityAndFairnessOptions
  readonly #watches = new WatchCounts()
  readonly #inFlight: InFlight
  readonly #patience: Patience
  readonly #dealer: Dealer
  #statsOf: StatsOf = () => undefined
  #generation = -1
  #adjusting: Timer | undefined
  #stopped = false

  constructor(options: PriorityAndFairnessOptions) {
    const { clock, random } = options.env
    this.#options = options
    this.#dealer = new Dealer(random)
    this.#inFlight = new InFlight(clock)
    this.#patience = new Patience(clock)
    this.levels = new Levels({ clock, gate: options.gate ?? new Turns(clock), serverSeats: options.serverSeats })
  }

  admit(call: Call): MaybePromise<FlowTicket | undefined> {
    const { info } = call
    if (isConnection(info)) return undefined
    this.refresh()
    const schema = this.levels.classifier.find(call.user, info)
    const request = this.#requestOf(call, schema)
    this.#adjustLater()
    const { level } = schema
    const verdict = level.set.start(request, this.#handOf(schema, request.distinguisher))
    const { series } = request
    if (verdict === 'execute') {
      if (!level.exempt) series.observeWait(true, 0)
      return this.#inFlight.began(request, info.verb)
    }
    if (verdict === 'reject') {
      series.observeWait(false, 0)
      return this.#refuse(request, schema)
    }
    return this.#waited(call, request, schema)
  }

  initialize(resources: ResourceTable): void {
    const stats = new StoredStats(resources, this.#options.store, this.#options.env.clock)
    this.#statsOf = (info) => stats.of(info)
  }

  watching(call: Call): () => void {
    return this.#watches.add(call)
  }

  routes(): readonly Route[] {
    return dumpRoutes(this.levels, this.#options.env.clock)
  }

  stop(): void {
    this.#stopped = true
    this.#adjusting?.cancel()
  }

  metrics(): Iterable<string> {
    return [...flowMetrics(this.levels), ...this.#inFlight.metrics(), ...this.#inFlight.utilization()]
  }

  /** Whether there is a priority level of this name. */
  exists(level: string): boolean {
    this.refresh()
    return this.levels.has(level)
  }

  /** Takes on what FlowSchemas and PriorityLevelConfigurations are now. Says whether anything is new. */
  refresh(): boolean {
    const { schemas, levels } = this.#options
    const generation = schemas.generation + levels.generation
    if (generation === this.#generation) return false
    this.#generation = generation
    this.levels.digest([...levels.all()], [...schemas.all()])
    const { executing, waiting } = this.levels.bounds()
    this.#inFlight.bound({ readOnly: executing, mutating: executing }, waiting)
    return true
  }

  #requestOf(call: Call, { object, level, series }: Schema): FlowRequest {
    const { info, user } = call
    const work = estimateWork(call, level.mostSeats, {
      statsOf: this.#statsOf,
      watches: (asked) => this.#watches.of(asked),
      observeWatches: (count) => series.watchCounts.observe(count),
    })
    series.seats.observe(mostSeats(work))
    const method = object.spec.distinguisherMethod?.type
    return new FlowRequest({
      set: level.set,
      series,
      schemaUid: object.metadata.uid ?? '',
      levelUid: level.object.metadata.uid ?? '',
      distinguisher: method === 'ByUser' ? user.name : method === 'ByNamespace' ? info.namespace : '',
      work,
      isWatch: info.verb === 'watch',
      arrivedMs: this.#options.env.clock.monotonic(),
      call,
    })
  }

  #handOf({ level, hands, series }: Schema, distinguisher: string): readonly number[] {
    const { queues = 0, handSize = 1 } = level.object.spec.limited?.limitResponse?.queuing ?? {}
    if (queues <= 1) return NO_HAND
    let hand = hands.get(distinguisher)
    if (!hand)
      hands.set(distinguisher, (hand = this.#dealer.deal(`${series.schema}\0${distinguisher}`, queues, handSize)))
    return hand
  }

  /** Resolves when the request may go on, or must not. */
  #waited(call: Call, request: FlowRequest, schema: Schema): Promise<FlowTicket> {
    const { clock } = this.#options.env
    const { verb } = call.info
    this.#inFlight.queued(verb, 1)
    return new Promise((resolve) => {
      const waiting: Waiting = {
        limitMs: waitLimitMs(call, this.#options.requestTimeoutMs),
        get signal() {
          return call.signal
        },
        leave: () => {
          if (request.set.cancel(request)) request.decide?.(false)
        },
      }
      this.#patience.add(waiting)
      request.decide = (executes) => {
        this.#patience.delete(waiting)
        this.#inFlight.queued(verb, -1)
        request.series.observeWait(true, (clock.monotonic() - request.arrivedMs) / 1000)
        resolve(executes ? this.#inFlight.began(request, verb) : this.#refuse(request, schema))
      }
    })
  }

  #refuse(request: FlowRequest, { level }: Schema): FlowTicket {
    request.retryAfterSeconds = level.retryAfter.dropped(this.#options.env.clock.now())
    return request
  }

  /** While requests come, seats are lent anew from time to time. Nothing runs when none come. */
  #adjustLater(): void {
    if (this.#adjusting || this.#stopped) return
    this.#adjusting = this.#options.env.clock.setTimer(() => {
      this.#adjusting = undefined
      this.levels.adjust()
      // What is at work, or waits, is demand without any request coming; and what was lent goes back when it is not wanted any more.
      if (this.levels.all().some(({ set, demand }) => !set.idle || demand.highest > 0)) this.#adjustLater()
    }, ADJUSTMENT_MS)
  }
}
