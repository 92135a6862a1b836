import type { Clock } from '../../lib/clock.ts'
import { inNextTurn } from '../../lib/turn.ts'
import type { Gate, QueueSet } from './queue-set.ts'

/** A turn of the event loop that has lasted so long takes no more work on; what else came in it waits in its queues. */
const TURN_MS = 5
/** Queued requests are sent to work for so long in each turn; then the loop sees to what else has come. */
const SLICE_MS = 2
/** The most that are sent to work in one turn. */
const MOST_STEPS = 64

/**
 * Shares the one thread out. While turns are short, a request is answered in the turn that it comes in. When one gets long, because much
 * comes at a time, the requests that are still to come wait in the queues of their flows, and go to work in small slices between the
 * turns that read the next ones: in the order of fair queuing within a priority level, and among levels in proportion to their seats.
 */
export class Turns implements Gate {
  readonly #clock: Clock
  readonly #sets = new Set<QueueSet>()
  /** How far each level with waiting requests has come, in requests for each of its seats. */
  readonly #passes = new WeakMap<QueueSet, number>()
  #pass = 0
  #sinceMs = -Infinity
  #marked = false
  #draining = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether a request may be answered in the turn that it came in. */
  open(nowMs: number): boolean {
    if (this.#sets.size > 0) return false
    if (this.#marked) return nowMs - this.#sinceMs < TURN_MS
    if (nowMs - this.#sinceMs > TURN_MS / 2) this.#mark(nowMs)
    return true
  }

  kick(set: QueueSet): void {
    if (!this.#sets.has(set)) {
      this.#sets.add(set)
      this.#passes.set(set, Math.max(this.#passes.get(set) ?? 0, this.#pass))
    }
    if (this.#draining) return
    this.#draining = true
    this.#drain()
  }

  /** From now until the end of this turn time is taken. Not in every turn: the mark costs the loop one more round. */
  #mark(nowMs: number): void {
    this.#marked = true
    this.#sinceMs = nowMs
    inNextTurn(() => (this.#marked = false))
  }

  /** Each step is by itself in its turn, so that all that a request can do at once is done before the time is looked at again. */
  #drain(): void {
    const steps = this.#steps()
    let left = steps
    let startedMs = 0
    const step = (): void => {
      const now = this.#clock.monotonic()
      if (left === steps) startedMs = now
      if (now - startedMs < SLICE_MS) this.#dispatch()
      if (--left > 0) return
      if (this.#sets.size > 0) this.#drain()
      else this.#draining = false
    }
    for (let i = 0; i < steps; i++) inNextTurn(step)
  }

  #steps(): number {
    let waiting = 0
    for (const set of this.#sets) waiting += set.waiting
    return Math.max(1, Math.min(waiting, MOST_STEPS))
  }

  /** One request of the level that is furthest behind, if it has a seat for it; else of the next one. */
  #dispatch(): void {
    for (;;) {
      let next: QueueSet | undefined
      let least = Infinity
      for (const set of this.#sets) {
        const pass = this.#passes.get(set) ?? 0
        if (pass >= least) continue
        least = pass
        next = set
      }
      if (!next) return
      if (next.dispatch()) {
        this.#pass = least
        this.#passes.set(next, least + 1 / Math.max(1, next.limit))
        if (!next.ready) this.#sets.delete(next)
        return
      }
      // It kicks again when a seat becomes free.
      this.#sets.delete(next)
    }
  }
}

/** A thread with time for everything: for tests of what seats alone do. */
export const alwaysOpen: Gate = {
  open: () => true,
  kick(set) {
    while (set.dispatch());
  },
}
