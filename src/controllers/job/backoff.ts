import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { finishedMs } from './pods.ts'

const FIRST_MS = 10_000
const MAX_MS = 10 * 60_000

/** How often pods of a Job have failed since one last succeeded, and when the last one did. */
export interface FailureRecord {
  readonly failures: number
  readonly lastMs: number
}

export const NO_FAILURES: FailureRecord = { failures: 0, lastMs: 0 }

/** The record after these pods have ended too. A success wipes out the failures before it. */
export function recordEnds(
  record: FailureRecord,
  succeeded: readonly Frozen<Pod>[],
  failed: readonly Frozen<Pod>[],
): FailureRecord {
  const lastSuccessMs = Math.max(-Infinity, ...succeeded.map(finishedMs))
  const after = failed.map(finishedMs).filter((ms) => ms > lastSuccessMs)
  const before = succeeded.length > 0 ? NO_FAILURES : record
  if (after.length === 0) return before
  return { failures: before.failures + after.length, lastMs: Math.max(...after) }
}

/** How many ms to wait before the next pod is created: 10 s after the first failure, doubling up to 10 minutes. */
export function remainingMs({ failures, lastMs }: FailureRecord, now: number): number {
  if (failures === 0) return 0
  return Math.max(0, lastMs + Math.min(FIRST_MS * 2 ** (failures - 1), MAX_MS) - now)
}
