/**
 * Whether a history of one key could have been made by a single register that does one thing after another (Wing and Gong's search, with
 * Lowe's memory of what was tried). Values are unique, so a value tells the write that made it; null is absence.
 */

/** Whatever is there, but something. */
export const PRESENT = Symbol('present')

/** The value of a key, or that it is absent. */
export type Value = string | null

interface Timed {
  readonly key: string
  /** When it was sent, and when its answer came; one clock for all. */
  readonly start: number
  readonly end: number
}

/** A read of the newest state. */
export interface Read extends Timed {
  readonly kind: 'read'
  readonly value: Value
}

/** A write, or a delete when the value is null. */
export interface Write extends Timed {
  readonly kind: 'write'
  readonly value: Value
  /** What must be there. */
  readonly expect: Value | typeof PRESENT
  /** Unknown: the answer was lost. Then `end` is when it can no longer happen. */
  readonly outcome: 'ok' | 'refused' | 'unknown'
}

export type Operation = Read | Write

/** Why a history of one key is not linearizable, or undefined when it is. */
export function linearizationProblem(history: readonly Operation[]): string | undefined {
  const search = new Search(history)
  return search.run() ? undefined : search.explain()
}

class Search {
  readonly #operations: readonly Operation[]
  readonly #tried = new Set<string>()
  /** How many operations the best attempt took in. */
  #furthest = 0

  constructor(history: readonly Operation[]) {
    this.#operations = history.toSorted((a, b) => a.start - b.start)
  }

  /** Depth first, with its own stack: histories are longer than the machine's. */
  run(): boolean {
    const stack: Position[] = [{ next: 0, open: [], state: null }]
    for (let at = stack.pop(); at; at = stack.pop()) {
      const position = settled(at)
      const key = `${position.next} ${position.open.join()} ${position.state}`
      if (this.#tried.has(key)) continue
      this.#tried.add(key)
      const taken = position.next - position.open.length
      this.#furthest = Math.max(this.#furthest, taken)
      if (taken === this.#operations.length) return true
      stack.push(...this.#steps(position))
    }
    return false
  }

  /** What may come next: any operation that began before all that are left have ended. */
  *#steps({ next, open, state }: Position): Generator<Position> {
    const left = [...open]
    for (let at = next; at < this.#operations.length; at++) {
      const deadline = Math.min(...left.map((index) => this.#at(index).end))
      if (this.#at(at).start > deadline) break
      left.push(at)
    }
    const earliestEnd = Math.min(...left.map((index) => this.#at(index).end))
    for (const index of left) {
      const operation = this.#at(index)
      if (operation.start > earliestEnd) continue
      for (const after of outcomes(operation, state)) {
        const rest = Math.max(next, index + 1)
        const skipped = Array.from({ length: rest - next }, (_, i) => next + i)
        yield { next: rest, open: [...open, ...skipped].filter((one) => one !== index), state: after }
      }
    }
  }

  #at(index: number): Operation {
    const operation = this.#operations[index]
    if (!operation) throw new RangeError(`no operation ${index}`)
    return operation
  }

  explain(): string {
    const around = this.#operations.slice(Math.max(0, this.#furthest - 6), this.#furthest + 6)
    return `no order explains what happened around operation ${this.#furthest}:\n${around.map((o) => JSON.stringify(o)).join('\n')}`
  }
}

/** An attempt: all before `next` are taken in but those that are still open. */
interface Position {
  readonly next: number
  readonly open: readonly number[]
  readonly state: Value
}

const settled = ({ next, open, state }: Position): Position => ({ next, open: open.toSorted((a, b) => a - b), state })

/** The states that an operation may leave; none when it cannot have happened in this one as it was answered. */
function outcomes(operation: Operation, state: Value): Value[] {
  if (operation.kind === 'read') return operation.value === state ? [state] : []
  const { expect, value, outcome } = operation
  const holds = expect === PRESENT ? state !== null : state === expect
  if (outcome === 'ok') return holds ? [value] : []
  if (outcome === 'refused') return holds ? [] : [state]
  return holds ? [value, state] : [state]
}
