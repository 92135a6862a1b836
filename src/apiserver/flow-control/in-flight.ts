import type { Clock } from '../../lib/clock.ts'
import { heading } from '../metrics/metrics.ts'
import { TimingHistogram } from '../metrics/timing-histogram.ts'
import type { FlowTicket } from './types.ts'

const READING: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

/** Whether a request may change something. */
export function isMutating(verb: string): boolean {
  return !READING.has(verb)
}

/** How often the highest values begin anew. */
const PERIOD_MS = 1000

const UTILIZATION = [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]

/** A number, and the highest that it was in the second before this one, as upstream reports it. */
class Watermark {
  current = 0
  #highest = 0
  #last = 0
  #period = 0
  /** Of as many as there may be at most. */
  readonly use: TimingHistogram

  constructor(clock: Clock) {
    this.use = new TimingHistogram(UTILIZATION, () => clock.monotonic())
  }

  add(delta: number, nowMs: number): void {
    this.#roll(Math.floor(nowMs / PERIOD_MS))
    this.current += delta
    this.use.set(this.current, nowMs)
    if (this.current > this.#highest) this.#highest = this.current
  }

  read(period: number): number {
    this.#roll(period)
    return Math.max(this.#last, this.#highest)
  }

  #roll(period: number): void {
    if (period <= this.#period) return
    this.#last = period === this.#period + 1 ? this.#highest : this.current
    this.#highest = this.current
    this.#period = period
  }
}

interface Marks {
  readonly readOnly: Watermark
  readonly mutating: Watermark
}

/** A ticket of which it is told when its request has ended. */
export interface NotedTicket extends FlowTicket {
  onEnd?: ((nowMs: number) => void) | undefined
  startedMs?: number | undefined
}

/** Counts the requests at work and in queues, those that change something apart. */
export class InFlight {
  readonly #clock: Clock
  readonly #executing: Marks
  readonly #waiting: Marks

  constructor(clock: Clock) {
    this.#clock = clock
    this.#executing = { readOnly: new Watermark(clock), mutating: new Watermark(clock) }
    this.#waiting = { readOnly: new Watermark(clock), mutating: new Watermark(clock) }
  }

  /** How many may be at work, and wait, at most. */
  bound(executing: Record<keyof Marks, number>, waiting: number): void {
    const now = this.#clock.monotonic()
    for (const kind of ['readOnly', 'mutating'] as const) {
      this.#executing[kind].use.setWhole(Math.max(executing[kind], 1), now)
      this.#waiting[kind].use.setWhole(Math.max(waiting, 1), now)
    }
  }

  /** Notes a request that goes to work; its ticket notes the end too. */
  began<T extends NotedTicket>(ticket: T, verb: string): T {
    const mark = isMutating(verb) ? this.#executing.mutating : this.#executing.readOnly
    mark.add(1, ticket.startedMs ?? this.#clock.monotonic())
    ticket.onEnd = (nowMs) => mark.add(-1, nowMs)
    return ticket
  }

  /** Notes that a request waits, or waits no longer. */
  queued(verb: string, delta: 1 | -1): void {
    const mark = isMutating(verb) ? this.#waiting.mutating : this.#waiting.readOnly
    mark.add(delta, this.#clock.monotonic())
  }

  /** How many are at work. */
  count(verb: string): number {
    return (isMutating(verb) ? this.#executing.mutating : this.#executing.readOnly).current
  }

  *metrics(): Iterable<string> {
    const period = Math.floor(this.#clock.monotonic() / PERIOD_MS)
    const rows = [
      [
        'apiserver_current_inflight_requests',
        'STABLE',
        'Most requests at work at a time in the last second.',
        'executing',
      ],
      [
        'apiserver_current_inqueue_requests',
        'ALPHA',
        'Most requests in queues at a time in the last second.',
        'waiting',
      ],
    ] as const
    const marks = { executing: this.#executing, waiting: this.#waiting }
    for (const [name, stability, help, phase] of rows) {
      yield* heading(name, 'gauge', stability, help)
      yield `${name}{request_kind="mutating"} ${marks[phase].mutating.read(period)}`
      yield `${name}{request_kind="readOnly"} ${marks[phase].readOnly.read(period)}`
    }
  }

  /** Which part of those that there may be, for what part of the time. */
  *utilization(): Iterable<string> {
    const name = 'apiserver_flowcontrol_read_vs_write_current_requests'
    yield* heading(
      name,
      'histogram',
      '',
      'Requests at work, or in queues, of those that there may be, each nanosecond.',
    )
    for (const [phase, marks] of [['executing', this.#executing] as const, ['waiting', this.#waiting] as const])
      for (const kind of ['mutating', 'readOnly'] as const)
        yield* marks[kind].use.lines(name, `phase="${phase}",request_kind="${kind}"`)
  }
}
