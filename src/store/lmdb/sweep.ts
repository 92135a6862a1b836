import type { HistoryBudget } from '../store.ts'
import { historyBytesOf, isDelete, keyOf, priorRevisionOf, timeMsOf, type StoreState } from './format.ts'
import type { Reader } from './reader.ts'
import type { Tables } from './tables.ts'

/** A change to a table, to be made with the next commit. Resolves with whether it was made. */
export type Change = () => Promise<boolean>

export interface Sweep {
  /** Removals. */
  readonly changes: readonly Change[]
  /** The counters once they are made. */
  readonly state: StoreState
  /** When the oldest event was written that stays; Infinity: none does. */
  readonly oldestMs: number
}

export interface SweepLimits {
  readonly budget: HistoryBudget
  readonly nowMs: number
  readonly maxEvents: number
}

/**
 * Removes history, oldest first: what is compacted, then what exceeds the budget, but at most `maxEvents` events.
 *
 * When an event leaves the history, the record that it superseded is no longer needed: that one is removed. Its own
 * record stays for as long as it holds the current value; a delete holds none and goes at once, with the key's grave.
 */
export function sweep(tables: Tables, reader: Reader, from: StoreState, limits: SweepLimits): Sweep {
  const { log, graves } = tables
  const changes: Change[] = []
  let { compactRevision, historyBytes } = from
  let events = 0
  for (const revision of log.getKeys({ start: from.sweptRevision + 1, end: from.revision + 1 })) {
    const record = reader.record(revision)
    if (!record) continue
    const timeMs = timeMsOf(record)
    const due = revision <= compactRevision || exceeds(limits, historyBytes, timeMs)
    if (!due || events++ === limits.maxEvents) {
      const sweptRevision = revision - 1
      return { changes, state: { ...from, sweptRevision, compactRevision, historyBytes }, oldestMs: timeMs }
    }
    const prior = priorRevisionOf(record)
    if (prior > 0) changes.push(() => log.remove(prior))
    historyBytes -= historyBytesOf(record.length)
    if (isDelete(record)) {
      const key = keyOf(record)
      changes.push(() => log.remove(revision))
      if (graves.get(key) === revision) changes.push(() => graves.remove(key))
    }
    compactRevision = Math.max(compactRevision, revision)
  }
  return {
    changes,
    state: { ...from, sweptRevision: compactRevision, compactRevision, historyBytes },
    oldestMs: Infinity,
  }
}

/** Whether a sweep would find something to remove, given when the oldest event was written. */
export function sweepIsDue(state: StoreState, limits: SweepLimits, oldestMs: number): boolean {
  return state.sweptRevision < state.compactRevision || exceeds(limits, state.historyBytes, oldestMs)
}

function exceeds({ budget, nowMs }: SweepLimits, historyBytes: number, oldestMs: number): boolean {
  return historyBytes > budget.maxBytes || oldestMs < nowMs - budget.maxAgeMs
}
