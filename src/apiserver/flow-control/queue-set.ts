import type { Clock } from '../../lib/clock.ts'
import type { FlowRequest } from './flow-request.ts'
import type { Integrator } from './integrator.ts'
import type { LevelUse } from './level-use.ts'
import { mostSeats, type Work } from './types.ts'

/** How long a request is thought to take, until it is known; upstream's value. */
const SERVICE_SECONDS = 0.003
/** While seats are free and only the thread is busy, queues may grow to so many times their limit before anyone is turned away. */
const BUSY_FACTOR = 20

/** How the requests of a priority level wait. */
export interface QueueSettings {
  /** Below 0 nobody waits, and there is no limit; 0: nobody waits for a seat. */
  readonly queues: number
  readonly handSize: number
  readonly queueLengthLimit: number
}

/** Whether the thread has time for another request. */
export interface Gate {
  open(nowMs: number): boolean
  /** Somebody waits who has, or could have, a seat: to be dispatched when there is time. */
  kick(set: QueueSet): void
}

/** Requests that wait for a seat or the thread, and those at work that came from here. */
export class Queue {
  readonly waiting = new Set<FlowRequest>()
  /** Where on the scale of R (seat-seconds that each queue had so far) its next request starts. */
  nextDispatchR = 0
  executing = 0
  seatsInUse = 0
  /** Seat-seconds of those who wait. */
  waitingWork = 0

  get active(): boolean {
    return this.waiting.size > 0 || this.executing > 0
  }

  get oldest(): FlowRequest | undefined {
    for (const request of this.waiting) return request
    return undefined
  }
}

export type Verdict = 'execute' | 'wait' | 'reject'

/**
 * The requests of one priority level: as many at work as there are seats, the others in queues that take turns by fair queuing (KEP-1040,
 * "Fair Queuing for Server Requests"): each request goes where it would end first if all queues were served at the same time.
 */
export class QueueSet {
  readonly name: string
  readonly #clock: Clock
  readonly #gate: Gate
  readonly #demand: Integrator
  readonly #use: LevelUse | undefined
  readonly executing = new Set<FlowRequest>()
  queues: Queue[] = []
  #settings: QueueSettings
  #limit = 0
  #r = 0
  #syncedMs: number
  #robin = 0
  #enqueues = 0
  #active = 0
  waiting = 0
  seatsInUse = 0
  seatsWaiting = 0
  dispatched = 0
  rejected = 0
  cancelled = 0

  constructor(
    name: string,
    settings: QueueSettings,
    { clock, gate, demand, use }: { clock: Clock; gate: Gate; demand: Integrator; use?: LevelUse },
  ) {
    this.name = name
    this.#clock = clock
    this.#gate = gate
    this.#demand = demand
    this.#use = use
    this.#syncedMs = clock.monotonic()
    this.#settings = settings
    this.configure(settings, 0)
  }

  get idle(): boolean {
    return this.waiting === 0 && this.executing.size === 0
  }

  get limit(): number {
    return this.#limit
  }

  get currentR(): number {
    return this.#r
  }

  /** Takes on other settings. Queues that are too many go when they are empty. */
  configure(settings: QueueSettings, limit: number): void {
    this.#sync(this.#clock.monotonic())
    this.#settings = settings
    this.#limit = limit
    const wanted = Math.max(settings.queues, settings.queues === 0 ? 1 : 0)
    while (this.queues.length < wanted) this.queues.push(new Queue())
    for (let i = this.queues.length - 1; i >= wanted; i--) this.#dropIfSurplus(this.queues[i])
    this.#kick()
  }

  /** Takes a request in: to be answered now, to wait, or not at all. `hand`: the queues that it may wait in. */
  start(request: FlowRequest, hand: readonly number[]): Verdict {
    const now = request.arrivedMs
    this.#sync(now)
    request.arrivalR = this.#r
    const seats = mostSeats(request.work)
    if (this.#settings.queues < 0) return this.#execute(request, undefined, now)
    const reason = this.#settings.queues === 0 ? this.#noSeat(seats) : undefined
    const queue = reason === undefined ? this.#queueOf(hand) : undefined
    if (queue && this.waiting === 0 && this.#accommodates(seats) && this.#gate.open(now)) {
      this.#activate(queue)
      return this.#execute(request, queue, now)
    }
    if (!queue || this.#isFull(queue)) {
      this.rejected++
      request.series.reject(reason ?? 'queue-full')
      return 'reject'
    }
    this.#enqueue(request, queue, now)
    this.#kick()
    return request.startedMs === undefined ? 'wait' : 'execute'
  }

  /** Sends the request to work whose turn it is. False when nobody can go. */
  dispatch(): boolean {
    if (this.waiting === 0 || this.seatsInUse >= this.#limit) return false
    const now = this.#clock.monotonic()
    this.#sync(now)
    const queue = this.#nextQueue()
    const request = queue?.oldest
    if (!queue || !request) return false
    if (!this.#accommodates(mostSeats(request.work))) {
      request.series.noAccommodation++
      return false
    }
    this.#leave(request, queue, now)
    this.#execute(request, queue, now)
    request.decide?.(true)
    return true
  }

  /** Whether somebody waits for whom there may be a seat. */
  get ready(): boolean {
    return this.waiting > 0 && this.seatsInUse < this.#limit
  }

  /** The request has been answered. Its seats are free then, or some time later. Returns the time, of the monotonic clock. */
  finish(request: FlowRequest): number {
    const now = this.#clock.monotonic()
    this.#sync(now)
    this.executing.delete(request)
    const { queue, work, series } = request
    const seconds = (now - (request.startedMs ?? now)) / 1000
    series.executing--
    series.observeExecution(request.isWatch, seconds)
    if (queue) {
      queue.executing--
      if (!queue.active) this.#active--
      queue.nextDispatchR -= work.initialSeats * (SERVICE_SECONDS - seconds)
      bound(queue)
    }
    if (work.additionalMs <= 0) this.#release(request, now)
    else this.#releaseLater(request, work.additionalMs)
    return now
  }

  /** The request waits no longer: its client has gone, or it took too long. False when it does not wait any more. */
  cancel(request: FlowRequest): boolean {
    const { queue } = request
    if (!queue?.waiting.has(request)) return false
    const now = this.#clock.monotonic()
    this.#sync(now)
    this.#leave(request, queue, now)
    if (!queue.active) this.#active--
    bound(queue)
    this.rejected++
    this.cancelled++
    request.series.reject('time-out')
    this.#dropIfSurplus(queue)
    this.#kick()
    return true
  }

  #releaseLater(request: FlowRequest, delayMs: number): void {
    this.#clock.setTimer(() => {
      const later = this.#clock.monotonic()
      this.#sync(later)
      this.#release(request, later)
    }, delayMs)
  }

  #release(request: FlowRequest, now: number): void {
    const { queue, series } = request
    const seats = mostSeats(request.work)
    this.seatsInUse -= seats
    series.executingSeats -= seats
    if (queue) {
      queue.seatsInUse -= seats
      this.#dropIfSurplus(queue)
    }
    this.#note(now)
    this.#kick()
  }

  #kick(): void {
    if (this.ready) this.#gate.kick(this)
  }

  #execute(request: FlowRequest, queue: Queue | undefined, now: number): Verdict {
    if (queue && request.work.finalSeats > this.#limit) request.work = reshaped(request.work, this.#limit)
    const seats = mostSeats(request.work)
    if (queue) {
      bound(queue, request)
      queue.executing++
      queue.seatsInUse += seats
      queue.nextDispatchR += workOf(request.work)
      bound(queue)
    }
    request.queue = queue
    request.startedMs = now
    this.executing.add(request)
    this.seatsInUse += seats
    this.dispatched++
    const { series } = request
    series.dispatched++
    series.executing++
    series.executingSeats += seats
    this.#note(now)
    return 'execute'
  }

  #enqueue(request: FlowRequest, queue: Queue, now: number): void {
    this.#activate(queue)
    const seats = mostSeats(request.work)
    request.queue = queue
    queue.waiting.add(request)
    queue.waitingWork += workOf(request.work)
    bound(queue)
    this.waiting++
    this.seatsWaiting += seats
    request.series.enqueued(seats, queue.waiting.size)
    this.#note(now)
  }

  #activate(queue: Queue): void {
    if (queue.active) return
    queue.nextDispatchR = this.#r
    this.#active++
  }

  #leave(request: FlowRequest, queue: Queue, now: number): void {
    const seats = mostSeats(request.work)
    queue.waiting.delete(request)
    queue.waitingWork = queue.waiting.size === 0 ? 0 : queue.waitingWork - workOf(request.work)
    this.waiting--
    this.seatsWaiting -= seats
    request.series.left(seats)
    this.#note(now)
  }

  /** Of the hand, the queue where least work waits; the first to be looked at changes from request to request. */
  #queueOf(hand: readonly number[]): Queue | undefined {
    if (hand.length === 0) return this.queues[0]
    const offset = this.#enqueues++ % hand.length
    let best: Queue | undefined
    for (let i = 0; i < hand.length; i++) {
      const queue = this.queues[hand[(offset + i) % hand.length] ?? 0]
      if (queue && (!best || queue.waitingWork < best.waitingWork)) best = queue
      if (best?.waitingWork === 0) return best
    }
    return best
  }

  #isFull({ waiting }: Queue): boolean {
    const { queueLengthLimit, queues } = this.#settings
    if (queues === 0) return false
    if (this.seatsInUse >= this.#limit && waiting.size >= queueLengthLimit) return true
    return waiting.size >= queueLengthLimit * BUSY_FACTOR
  }

  /** Where nobody may wait for a seat, those who wait for the thread have theirs already. */
  #noSeat(seats: number): string | undefined {
    const fits = this.seatsInUse + this.seatsWaiting + seats <= this.#limit || (this.idle && this.#accommodates(seats))
    return fits ? undefined : 'concurrency-limit'
  }

  #accommodates(seats: number): boolean {
    if (seats > this.#limit) return this.executing.size === 0
    return this.seatsInUse + seats <= this.#limit
  }

  #nextQueue(): Queue | undefined {
    const { queues } = this
    let best: Queue | undefined
    let bestR = Infinity
    let index = this.#robin
    for (let i = 1; i <= queues.length; i++) {
      const at = (this.#robin + i) % queues.length
      const queue = queues[at]
      const oldest = queue?.oldest
      if (!queue || !oldest) continue
      const finish = queue.nextDispatchR + workOf(oldest.work)
      if (finish >= bestR) continue
      bestR = finish
      best = queue
      index = at
    }
    this.#robin = index
    return best
  }

  /**
   * R advances by the seats that each active queue gets, as upstream; but never past the start of a request that waits: when it is the
   * thread that is short and not seats, queues get less than that, and who comes new would stand behind all who wait already. To be called
   * before anything changes.
   */
  #sync(now: number): void {
    if (now <= this.#syncedMs) return
    const seconds = (now - this.#syncedMs) / 1000
    this.#syncedMs = now
    if (this.#active === 0) return
    const next = this.#r + (seconds * Math.min(this.seatsInUse + this.seatsWaiting, this.#limit)) / this.#active
    this.#r = this.waiting === 0 ? next : Math.max(this.#r, Math.min(next, this.#earliestStart()))
  }

  #earliestStart(): number {
    let earliest = Infinity
    for (const { waiting, nextDispatchR } of this.queues) {
      if (waiting.size > 0 && nextDispatchR < earliest) earliest = nextDispatchR
    }
    return earliest
  }

  #note(now: number): void {
    const demand = this.seatsInUse + this.seatsWaiting
    this.#demand.set(demand, now)
    const use = this.#use
    if (!use) return
    use.demand.set(demand, now)
    use.executing.set(this.executing.size, now)
    use.waiting.set(this.waiting, now)
    use.seats.set(this.seatsInUse, now)
  }

  #dropIfSurplus(queue: Queue | undefined): void {
    if (!queue || queue.active || queue.seatsInUse > 0) return
    const wanted = Math.max(this.#settings.queues, 1)
    if (this.queues.length <= wanted) return
    const at = this.queues.indexOf(queue)
    if (at < 0) return
    this.queues.splice(at, 1)
    if (this.#robin >= at) this.#robin = Math.max(0, this.#robin - 1)
  }
}

/** In seat-seconds. */
export function workOf({ initialSeats, finalSeats, additionalMs }: Work): number {
  return initialSeats * SERVICE_SECONDS + (finalSeats * additionalMs) / 1000
}

/** The same work on fewer seats for longer. */
function reshaped(work: Work, limit: number): Work {
  const finalSeats = Math.max(1, limit)
  return { ...work, finalSeats, additionalMs: (work.finalSeats * work.additionalMs) / finalSeats }
}

/** A queue gains nothing by having waited before its oldest request was there. */
function bound(queue: Queue, oldest = queue.oldest): void {
  if (oldest && queue.nextDispatchR < oldest.arrivalR) queue.nextDispatchR = oldest.arrivalR
}
