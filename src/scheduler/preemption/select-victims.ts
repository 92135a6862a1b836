import { matches } from '../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { PodDisruptionBudget } from '../../api/generated/types/policy/v1.ts'
import { runWithNominated, type Feasible } from '../cycle/select-node.ts'
import type { NodeInfo } from '../framework/node-info.ts'
import type { PodInfo } from '../framework/pod-info.ts'
import type { Cycle } from '../framework/plugin.ts'

/** A node that would take the pod if these went. */
export interface Candidate {
  readonly node: NodeInfo
  /** Most important first. */
  readonly victims: readonly PodInfo[]
  readonly budgetViolations: number
}

/**
 * The fewest, least important pods of lower priority whose removal lets the pod fit on the node; undefined when even removing all of them
 * would not. Room that is being made for others counts as taken. Tries on the cache and leaves it as it was.
 */
export function selectVictims(
  cycle: Cycle,
  filters: Feasible['filters'],
  node: NodeInfo,
  budgets: readonly Frozen<PodDisruptionBudget>[],
): Candidate | undefined {
  const lower = [...node.pods.values()].filter((pod) => pod.priority < cycle.pod.priority).toSorted(moreImportantFirst)
  if (lower.length === 0) return undefined
  for (const pod of lower) remove(cycle, filters, pod, node)
  const away = new Set(lower)
  try {
    if (runWithNominated(cycle, filters, node)) return undefined
    const { violating, harmless } = splitByBudgets(lower, budgets)
    let budgetViolations = 0
    const reprieve = (pod: PodInfo): boolean => {
      add(cycle, filters, pod, node)
      away.delete(pod)
      if (!runWithNominated(cycle, filters, node)) return true
      remove(cycle, filters, pod, node)
      away.add(pod)
      return false
    }
    for (const pod of violating) if (!reprieve(pod)) budgetViolations++
    for (const pod of harmless) reprieve(pod)
    return { node, victims: lower.filter((pod) => away.has(pod)), budgetViolations }
  } finally {
    for (const pod of away) add(cycle, filters, pod, node)
  }
}

function remove(cycle: Cycle, filters: Feasible['filters'], pod: PodInfo, node: NodeInfo): void {
  cycle.cache.trialRemove(pod, node)
  for (const plugin of filters) plugin.onPodRemoved?.(cycle, pod, node)
}

function add(cycle: Cycle, filters: Feasible['filters'], pod: PodInfo, node: NodeInfo): void {
  cycle.cache.trialAdd(pod, node)
  for (const plugin of filters) plugin.onPodAdded?.(cycle, pod, node)
}

/** Higher priority, then longer running (util.MoreImportantPod). */
function moreImportantFirst(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a).localeCompare(startOf(b))
}

/** A pod that has not started counts as started last. */
function startOf({ pod }: PodInfo): string {
  return pod.status?.startTime ?? '~'
}

function splitByBudgets(
  pods: readonly PodInfo[],
  budgets: readonly Frozen<PodDisruptionBudget>[],
): { violating: PodInfo[]; harmless: PodInfo[] } {
  const left = new Map(budgets.map((budget) => [budget, budget.status?.disruptionsAllowed ?? 0]))
  const violating: PodInfo[] = []
  const harmless: PodInfo[] = []
  for (const pod of pods) {
    const mine = budgets.filter(
      (budget) => budget.metadata.namespace === pod.namespace && matches(budget.spec.selector, pod.labels),
    )
    for (const budget of mine) left.set(budget, (left.get(budget) ?? 0) - 1)
    const violates = mine.some((budget) => (left.get(budget) ?? 0) < 0)
    ;(violates ? violating : harmless).push(pod)
  }
  return { violating, harmless }
}

/** The candidate that hurts least (pickOneNodeForPreemption): by budgets, then priorities, then number, then age of the victims. */
export function leastHarm(candidates: readonly Candidate[]): Candidate | undefined {
  const criteria: ((c: Candidate) => number)[] = [
    ({ budgetViolations }) => budgetViolations,
    ({ victims }) => victims[0]?.priority ?? -Infinity,
    ({ victims }) => victims.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
    ({ victims }) => victims.length,
    // The latest start among the most important victims: the later, the better.
    ({ victims }) =>
      -Math.min(
        ...victims
          .filter(({ priority }) => priority === victims[0]?.priority)
          .map((pod) => Date.parse(startOf(pod)) || Infinity),
      ),
  ]
  let best = candidates
  for (const criterion of criteria) {
    if (best.length <= 1) break
    const least = Math.min(...best.map(criterion))
    best = best.filter((candidate) => criterion(candidate) === least)
  }
  return best[0]
}
