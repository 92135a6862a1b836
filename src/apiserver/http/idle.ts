import type { Clock } from '../../lib/clock.ts'
import { Deadlines } from './deadlines.ts'

/** How long a new connection may take to send the head of its first request: upstream's limit. */
export const FIRST_HEAD_MS = 32_000
/** How long a connection may be kept without a request: upstream's limit. The head of the next request must be whole by then. */
export const IDLE_MS = 90_000

/** Closes connections that nothing is answered on: kept open for nothing, or sending a request's head byte by byte. */
export class IdleConnections {
  readonly #first: Deadlines
  readonly #idle: Deadlines

  constructor(clock: Clock) {
    this.#first = new Deadlines(clock, FIRST_HEAD_MS)
    this.#idle = new Deadlines(clock, IDLE_MS)
  }

  /** Watches over a new connection. `close` ends it; it is told what begins and ends on it. */
  add(close: () => void): IdleConnection {
    return new IdleConnection(this.#idle, this.#first.add(close), close)
  }
}

/** One connection, and how many requests are being answered on it. */
export class IdleConnection {
  readonly #deadlines: Deadlines
  readonly #close: () => void
  #cancel: () => void
  #busy = 0
  #gone = false

  constructor(deadlines: Deadlines, cancel: () => void, close: () => void) {
    this.#deadlines = deadlines
    this.#cancel = cancel
    this.#close = close
  }

  /** A request's head is there. */
  began(): void {
    this.#busy++
    this.#cancel()
  }

  /** A request is answered. */
  ended(): void {
    if (--this.#busy > 0 || this.#gone) return
    this.#cancel = this.#deadlines.add(this.#close)
  }

  /** The connection is closed. */
  gone(): void {
    this.#gone = true
    this.#cancel()
  }
}
