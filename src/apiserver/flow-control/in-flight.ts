import type { Clock } from '../../lib/clock.ts'
import type { FlowTicket } from './types.ts'

const READING: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

/** Whether a request may change something. */
export function isMutating(verb: string): boolean {
  return !READING.has(verb)
}

/** How often the highest values begin anew. */
const PERIOD_MS = 1000

/** A number, and the highest that it was in the second before this one, as upstream reports it. */
class Watermark {
  current = 0
  #highest = 0
  #last = 0
  #period = 0

  add(delta: number, period: number): void {
    this.#roll(period)
    this.current += delta
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

/** Counts the requests at work and in queues, those that change something apart. */
export class InFlight {
  readonly #clock: Clock
  readonly #executing = { readOnly: new Watermark(), mutating: new Watermark() }
  readonly #waiting = { readOnly: new Watermark(), mutating: new Watermark() }
  #period = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes a request that goes to work; its ticket notes the end too. */
  began<T extends FlowTicket & { onEnd?: (() => void) | undefined; startedMs?: number | undefined }>(
    ticket: T,
    verb: string,
  ): T {
    const mark = isMutating(verb) ? this.#executing.mutating : this.#executing.readOnly
    this.#period = this.#periodOf(ticket.startedMs)
    mark.add(1, this.#period)
    // The same second, or one that it was looked at since: reading the time again would cost more than it tells.
    ticket.onEnd = () => mark.add(-1, this.#period)
    return ticket
  }

  /** Notes that a request waits, or waits no longer. */
  queued(verb: string, delta: 1 | -1): void {
    const mark = isMutating(verb) ? this.#waiting.mutating : this.#waiting.readOnly
    mark.add(delta, this.#periodOf(undefined))
  }

  /** How many are at work. */
  count(verb: string): number {
    return (isMutating(verb) ? this.#executing.mutating : this.#executing.readOnly).current
  }

  *metrics(): Iterable<string> {
    const period = this.#periodOf(undefined)
    const rows = [
      ['apiserver_current_inflight_requests', 'Most requests at work at a time in the last second.', this.#executing],
      ['apiserver_current_inqueue_requests', 'Most requests in queues at a time in the last second.', this.#waiting],
    ] as const
    for (const [name, help, marks] of rows) {
      yield `# HELP ${name} ${help}`
      yield `# TYPE ${name} gauge`
      yield `${name}{request_kind="mutating"} ${marks.mutating.read(period)}`
      yield `${name}{request_kind="readOnly"} ${marks.readOnly.read(period)}`
    }
  }

  #periodOf(nowMs: number | undefined): number {
    return Math.floor((nowMs ?? this.#clock.monotonic()) / PERIOD_MS)
  }
}
