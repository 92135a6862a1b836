import type { HistoryBudget } from '../store.ts'
import { eventHead, eventKey, historyBytesOf, isDelete, type StoreState } from './format.ts'
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
  /** Whether there was more to remove. */
  readonly unfinished: boolean
}

export interface SweepLimits {
  readonly budget: HistoryBudget
  readonly nowMs: number
  readonly maxEvents: number
}

/** Removes events, oldest first: what is compacted, then what exceeds the budget, but at most `maxEvents`. */
export function sweep(tables: Tables, reader: Reader, from: StoreState, limits: SweepLimits): Sweep {
  const { log, graves } = tables
  const changes: Change[] = []
  let { compactRevision, historyBytes } = from
  let events = 0
  for (const revision of log.getKeys({ start: from.sweptRevision + 1, end: from.revision + 1 })) {
    const event = reader.event(revision)
    if (!event) continue
    const { timeMs } = eventHead(event)
    const due = revision <= compactRevision || exceeds(limits, historyBytes, timeMs, 1)
    if (!due || events++ === limits.maxEvents) {
      const state = { ...from, sweptRevision: revision - 1, compactRevision, historyBytes }
      return { changes, state, oldestMs: timeMs, unfinished: due }
    }
    historyBytes -= historyBytesOf(event)
    compactRevision = Math.max(compactRevision, revision)
    changes.push(() => log.remove(revision))
    if (!isDelete(event)) continue
    const key = eventKey(event)
    if (graves.get(key) === revision) changes.push(() => graves.remove(key))
  }
  const state = { ...from, sweptRevision: compactRevision, compactRevision, historyBytes }
  return { changes, state, oldestMs: Infinity, unfinished: false }
}

/** A sweep begins when the budget is exceeded by this factor, and ends when it is met: many events at a time cost less. */
const SLACK = 1 + 1 / 64

/** Whether a sweep should begin, given when the oldest event was written. */
export function sweepIsDue(state: StoreState, limits: SweepLimits, oldestMs: number): boolean {
  return state.sweptRevision < state.compactRevision || exceeds(limits, state.historyBytes, oldestMs, SLACK)
}

function exceeds({ budget, nowMs }: SweepLimits, historyBytes: number, oldestMs: number, factor: number): boolean {
  return historyBytes > budget.maxBytes * factor || oldestMs < nowMs - budget.maxAgeMs * factor
}
