import type { HistoryBudget, StoreEvent } from '../store.ts'

/** An event, and where the one before it for the same key is (0: there is none). */
export interface Change {
  readonly event: StoreEvent
  readonly priorRevision: number
  readonly atMs: number
}

/** What an event costs besides its key and value. */
const EVENT_BYTES = 200

/** The kept changes in the order of their revisions, which may have gaps and may be shared by several, within a budget. */
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

  /** The change that `revision` made to `key`, if it is kept. */
  find(revision: number, key: string): Change | undefined {
    for (let i = this.#firstFrom(revision); this.#revisionAt(i) === revision; i++) {
      const change = this.#changes[i]
      if (change?.event.key === key) return change
    }
    return undefined
  }

  /** About `limit` changes with revisions above `revision`: all of a revision or none. */
  after(revision: number, limit: number): readonly Change[] {
    const from = this.#firstFrom(revision + 1)
    let to = Math.min(from + limit, this.#changes.length)
    while (to < this.#changes.length && this.#revisionAt(to) === this.#revisionAt(to - 1)) to++
    return this.#changes.slice(from, to).filter((change) => change !== undefined)
  }

  /** Adds the next change, then drops what exceeds the budget at `change.atMs`. */
  append(change: Change): void {
    this.#changes.push(change)
    this.#bytes += size(change)
    const oldestMs = change.atMs - this.#budget.maxAgeMs
    for (let first = this.#changes[this.#head]; first; first = this.#changes[this.#head]) {
      if (this.#bytes <= this.#budget.maxBytes && first.atMs >= oldestMs) return
      this.dropThrough(first.event.revision)
    }
  }

  /** Drops the changes up to and including `revision`. */
  dropThrough(revision: number): void {
    for (let first = this.#changes[this.#head]; first && first.event.revision <= revision;) {
      this.#drop(first)
      first = this.#changes[this.#head]
    }
  }

  /** Forgets everything, and tells nobody. */
  clear(): void {
    this.#changes.length = 0
    this.#head = 0
    this.#bytes = 0
  }

  /** Where the first change is whose revision is not below `revision`. */
  #firstFrom(revision: number): number {
    let low = this.#head
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#revisionAt(middle) < revision) low = middle + 1
      else high = middle
    }
    return low
  }

  #revisionAt(index: number): number {
    return this.#changes[index]?.event.revision ?? Infinity
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
