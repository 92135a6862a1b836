import { Heap } from './heap.ts'
import { nextTurn } from './turn.ts'

/** A pending timer. Cancelling one that has fired, or twice, does nothing. */
export interface Timer {
  cancel(): void
}

/**
 * The only source of time outside this folder. Everything that waits takes a Clock, so that a whole
 * cluster can run in virtual time.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump; for timestamps only. */
  now(): number
  /** Milliseconds from an arbitrary origin that never go back; for measuring durations. */
  monotonic(): number
  /** Calls `fire` once after `delayMs` (≥ 0). The timer does not keep a process alive by itself. */
  setTimer(fire: () => void, delayMs: number): Timer
}

/** Node and browsers cap a timeout at 2^31-1 ms; a longer one would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** Looked up once: globals of the host are found out anew each time they are named. */
const { performance } = globalThis

/** The host's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(fire, delayMs) {
    const due = performance.now() + delayMs
    let handle = arm()
    function arm(): ReturnType<typeof setTimeout> {
      const left = Math.max(0, due - performance.now())
      const timeout = setTimeout(
        left > LONGEST_TIMEOUT_MS ? () => (handle = arm()) : fire,
        Math.min(left, LONGEST_TIMEOUT_MS),
      )
      if (typeof timeout === 'object') timeout.unref()
      return timeout
    }
    return { cancel: () => clearTimeout(handle) }
  },
}

/**
 * Resolves after `ms`. Rejects with the signal's reason when it is aborted first.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(asError(signal.reason))
    const onAbort = (): void => {
      timer.cancel()
      reject(asError(signal?.reason))
    }
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

interface Pending {
  readonly dueMs: number
  readonly order: number
  /** Undefined once it has fired or was cancelled. */
  fire: (() => void) | undefined
}

/** Cancelled timers that may lie about before they are cleared away. */
const MOST_CANCELLED = 1000

/**
 * A clock that stands still until it is told to move. Timers fire in order of their due time, then of
 * their creation; between two of them all pending promise jobs run.
 */
export class VirtualClock implements Clock {
  #nowMs: number
  readonly #startMs: number
  #order = 0
  #pending = timerHeap()
  #cancelled = 0

  /** Starts at `startMs` since the epoch (2026-01-01T00:00:00Z unless told). */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs
    this.#startMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs
  }

  setTimer(fire: () => void, delayMs: number): Timer {
    const entry: Pending = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, fire }
    this.#pending.push(entry)
    return { cancel: () => this.#cancel(entry) }
  }

  /** When the next timer is due, in ms since the epoch, or undefined when none is pending. */
  nextDue(): number | undefined {
    return this.#next()?.dueMs
  }

  /**
   * Moves time forward by `ms`, firing every timer that comes due. `settle` runs after each and must resolve
   * when the work that it set off has come to rest (by default: one turn of the host's event loop).
   */
  async advance(ms: number, settle: () => Promise<void> = nextTurn): Promise<void> {
    const target = this.#nowMs + ms
    await settle()
    for (let next = this.#next(); next && next.dueMs <= target; next = this.#next()) {
      this.#pending.pop()
      const { fire } = next
      next.fire = undefined
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      fire?.()
      await settle()
    }
    this.#nowMs = target
    await settle()
  }

  #next(): Pending | undefined {
    for (let next = this.#pending.peek(); next; next = this.#pending.peek()) {
      if (next.fire) return next
      this.#pending.pop()
      this.#cancelled--
    }
    return undefined
  }

  #cancel(entry: Pending): void {
    if (!entry.fire) return
    entry.fire = undefined
    this.#cancelled++
    if (this.#cancelled < MOST_CANCELLED || this.#cancelled * 2 < this.#pending.size) return
    const left = timerHeap()
    for (let next = this.#pending.pop(); next; next = this.#pending.pop()) if (next.fire) left.push(next)
    this.#pending = left
    this.#cancelled = 0
  }
}

function timerHeap(): Heap<Pending> {
  return new Heap<Pending>((a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order))
}
