import type { Rejection } from '../framework/plugin.ts'

/** Why no node took a pod. */
export interface Unfit {
  readonly nodeCount: number
  /** What each node that was looked at said, by node name, and which plugin said it. */
  readonly byNode: ReadonlyMap<string, Verdict>
  /** When a pre-filter turned the pod away before any node was asked. */
  readonly preFilter: Verdict | undefined
}

export interface Verdict {
  readonly plugin: string
  readonly rejection: Rejection
}

/** `0/3 nodes are available: 1 Too many pods, 2 Insufficient cpu.`, and what post-filters had to say (framework.FitError). */
export function fitMessage({ nodeCount, byNode, preFilter }: Unfit, postFilter: string): string {
  const head = `0/${nodeCount} nodes are available`
  const tail = postFilter === '' ? '' : ` ${postFilter}`
  if (preFilter) return `${head}: ${preFilter.rejection.reasons.join(', ')}.${tail}`
  const summary = summarize(byNode.values())
  return summary === '' ? `no nodes available to schedule pods` : `${head}: ${summary}.${tail}`
}

/** `1 Too many pods, 2 Insufficient cpu`. */
export function summarize(verdicts: Iterable<Verdict>): string {
  const counts = new Map<string, number>()
  for (const { rejection } of verdicts)
    for (const reason of rejection.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ')
}
