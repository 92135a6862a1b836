import type { CelValue } from './values/values.ts'

/** What is evaluated at a time, in units of cost: some milliseconds. One expression may cost five times as much, and is not interrupted. */
const SLICE = 200_000

/** Thrown between two expressions of work that has lasted long enough: to be begun again, in another turn of the event loop. */
export class Tired extends Error {
  constructor() {
    super('expressions have been evaluated for long enough')
  }
}

/** What an expression gave, with what its variables gave on the way. */
export interface Step<V> {
  readonly value: CelValue
  readonly cost: number
  readonly variables: V
}

/**
 * Expressions that are evaluated one after the other on what does not change meanwhile. When they have cost enough for one turn, `known` throws
 * Tired: after `rewind` the same work is done again, and what was evaluated before is known.
 */
export class Pace<V> {
  #known: Step<V>[] = []
  #next = 0
  #spent = 0

  /** What was evaluated here before; undefined where it has to be evaluated, and `note`d. */
  known(): Step<V> | undefined {
    const known = this.#known[this.#next]
    if (known) this.#next++
    else if (this.#spent >= SLICE) throw new Tired()
    return known
  }

  note(step: Step<V>): void {
    this.#spent += step.cost
    this.#known.push(step)
    this.#next++
  }

  /** The same work begins again in this turn: somebody else's answer was waited for. */
  restart(): void {
    this.#next = 0
  }

  /** The same work begins again, in a new turn. */
  rewind(): void {
    this.#next = 0
    this.#spent = 0
  }

  /** Other work begins. */
  forget(): void {
    this.#next = 0
    if (this.#known.length > 0) this.#known = []
  }

  /** Whether enough was done for one turn. */
  get tired(): boolean {
    return this.#spent >= SLICE
  }
}

/** Counts what a piece of work that can be interrupted anywhere has cost. */
export class Slice {
  #spent = 0

  spend(cost: number): void {
    this.#spent += cost
  }

  /** Whether it is time for others. Begins anew then. */
  over(): boolean {
    if (this.#spent < SLICE) return false
    this.#spent = 0
    return true
  }
}
