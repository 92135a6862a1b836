import type { HistoryBudget, StoreEvent } from '../store.ts'

/** An event, and where the one before it for the same key is (0: there is none). */
export interface Change {
  readonly event: StoreEvent
  readonly priorRevision: number
  readonly atMs: number
}

/** What an event costs besides its key and value. */
const EVENT_BYTES = 200

/** The kept changes, by revision without a gap, within a budget. */
export class ChangeLog {
  readonly #budget: HistoryBudget
  readonly #dropped: (change: Change) => void
  /** Slots before #head are spent; they are cut off now and then. */
  readonly #changes: (Change | undefined)[] = []
  #head = 0
  #bytes = 0

  /** `dropped` is told of each change that leaves. */
  constructor(budget: HistoryBudget, dropped: (change: Change) => void) {
    this.#budget = budget
    this.#dropped = dropped
  }

  get(revision: number): Change | undefined {
    const first = this.#changes[this.#head]
    return first && revision >= first.event.revision
      ? this.#changes[this.#head + revision - first.event.revision]
      : undefined
  }

  /** At most `limit` changes with revisions above `revision`. */
  after(revision: number, limit: number): readonly Change[] {
    const first = this.#changes[this.#head]?.event.revision ?? 0
    const from = this.#head + Math.max(0, revision + 1 - first)
    return this.#changes.slice(from, from + limit).filter((change) => change !== undefined)
  }

  /** Adds the next change, then drops what exceeds the budget at `change.atMs`. */
  append(change: Change): void {
    this.#changes.push(change)
    this.#bytes += size(change)
    const oldestMs = change.atMs - this.#budget.maxAgeMs
    for (let first = this.#changes[this.#head]; first; first = this.#changes[this.#head]) {
      if (this.#bytes <= this.#budget.maxBytes && first.atMs >= oldestMs) return
      this.#drop(first)
    }
  }

  /** Drops the changes up to and including `revision`. */
  dropThrough(revision: number): void {
    for (let first = this.#changes[this.#head]; first && first.event.revision <= revision;) {
      this.#drop(first)
      first = this.#changes[this.#head]
    }
  }

  #drop(change: Change): void {
    this.#changes[this.#head++] = undefined
    this.#bytes -= size(change)
    if (this.#head > 1024 && this.#head * 2 > this.#changes.length) {
      this.#changes.splice(0, this.#head)
      this.#head = 0
    }
    this.#dropped(change)
  }
}

function size({ event }: Change): number {
  return EVENT_BYTES + event.key.length + (event.entry?.value.length ?? 0)
}
