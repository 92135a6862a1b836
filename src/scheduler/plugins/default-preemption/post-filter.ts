import type { Frozen } from '../../../apimachinery/meta.ts'
import type { PodDisruptionBudget } from '../../../api/generated/types/policy/v1.ts'
import { summarize, type Unfit, type Verdict } from '../../cycle/fit-error.ts'
import { enoughNodes } from '../../cycle/select-node.ts'
import { unresolvable, unschedulable, type Cycle, type Plugin } from '../../framework/plugin.ts'
import type { NodeInfo } from '../../framework/node-info.ts'
import { leastHarm, selectVictims, type Candidate } from '../../preemption/select-victims.ts'

/** What preemption came to: a node with the pods to remove from it, or why there is none and whether what was nominated earlier still holds. */
export type PreemptionOutcome =
  | { readonly candidate: Candidate }
  | { readonly message: string; readonly staysNominated: boolean }

const NOT_HELPFUL = unresolvable('Preemption is not helpful for scheduling')
const NO_VICTIMS = unschedulable('No preemption victims found for incoming pod')

/**
 * Finds out which pods of lower priority would have to go for this one (DefaultPreemption). Pure but for trials on the cache, which it
 * undoes. `terminating`: a node that was nominated earlier still has pods that are on their way out, so nothing more is removed.
 */
export function preempt(
  cycle: Cycle,
  unfit: Unfit,
  plugins: readonly Plugin[],
  budgets: readonly Frozen<PodDisruptionBudget>[],
): PreemptionOutcome {
  const noUse = (verdicts: ReadonlyMap<string, Verdict>): PreemptionOutcome => ({
    message: `preemption: ${none(cycle, verdicts)}`,
    staysNominated: false,
  })
  const refusal = notEligible(cycle)
  if (refusal) return { message: `preemption: ${refusal}`, staysNominated: true }
  if (unfit.preFilter?.rejection.code === 'unresolvable')
    return noUse(allNodes(cycle, { plugin: '', rejection: NOT_HELPFUL }))
  const filters = activeFilters(cycle, plugins)
  const verdicts = new Map<string, Verdict>()
  const candidates: Candidate[] = []
  const enough = enoughNodes(cycle.cache.size)
  for (const node of cycle.cache.nodes) {
    if (candidates.length >= enough) break
    const verdict = unfit.byNode.get(node.name)
    if (verdict?.rejection.code === 'unresolvable') verdicts.set(node.name, { plugin: '', rejection: NOT_HELPFUL })
    else {
      const candidate = selectVictims(cycle, filters, node, budgets)
      if (candidate) candidates.push(candidate)
      else verdicts.set(node.name, { plugin: '', rejection: NO_VICTIMS })
    }
  }
  const candidate = leastHarm(candidates)
  return candidate ? { candidate } : noUse(verdicts)
}

/** PodEligibleToPreemptOthers. */
function notEligible({ pod, cache }: Cycle): string | undefined {
  if (pod.pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const nominated = cache.node(pod.pod.status?.nominatedNodeName ?? '')
  return nominated && hasLeavingVictim(nominated, pod.priority)
    ? 'not eligible due to a terminating pod on the nominated node.'
    : undefined
}

function hasLeavingVictim(node: NodeInfo, priority: number): boolean {
  return [...node.pods.values()].some(
    (pod) => pod.priority < priority && pod.pod.metadata.deletionTimestamp !== undefined,
  )
}

function none({ cache }: Cycle, verdicts: ReadonlyMap<string, Verdict>): string {
  return `0/${cache.size} nodes are available: ${summarize(verdicts.values())}.`
}

function allNodes({ cache }: Cycle, verdict: Verdict): Map<string, Verdict> {
  return new Map(cache.nodes.map(({ name }) => [name, verdict]))
}

/** The filters that have a say about this pod; asking anew refreshes their state after the failed search. */
function activeFilters(cycle: Cycle, plugins: readonly Plugin[]): Plugin[] {
  return plugins.filter((plugin) => {
    const outcome = plugin.preFilter?.(cycle)
    return plugin.filter !== undefined && outcome !== 'skip' && !(outcome && 'code' in outcome)
  })
}
