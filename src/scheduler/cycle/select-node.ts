import type { Random } from '../../lib/random.ts'
import type { NodeInfo } from '../framework/node-info.ts'
import type { Cycle, Plugin } from '../framework/plugin.ts'
import type { Unfit, Verdict } from './fit-error.ts'

/** Below this many nodes all are looked at. */
const MIN_NODES = 100
const MIN_PERCENTAGE = 5

/** How many nodes that fit are enough to choose from (numFeasibleNodesToFind): fewer, by share, the larger the cluster. */
export function enoughNodes(total: number): number {
  if (total < MIN_NODES) return total
  const percentage = Math.max(MIN_PERCENTAGE, 50 - Math.floor(total / 125))
  return Math.max(MIN_NODES, Math.floor((total * percentage) / 100))
}

export interface Feasible {
  readonly nodes: readonly NodeInfo[]
  /** Where the next pod's search starts, so that all nodes get their turn. */
  readonly nextStart: number
  readonly filters: readonly Plugin[]
}

/** Filters: the nodes that can take the pod, or why there is none. Pure but for the cycle's state. */
export function findNodes(cycle: Cycle, plugins: readonly Plugin[], start: number): Feasible | Unfit {
  const { cache } = cycle
  const filters: Plugin[] = []
  let only: ReadonlySet<string> | undefined
  for (const plugin of plugins) {
    const outcome = plugin.preFilter?.(cycle)
    if (outcome === 'skip') continue
    if (outcome && 'code' in outcome) return unfitAtOnce(cycle, { plugin: plugin.name, rejection: outcome })
    if (outcome) only = only ? only.intersection(outcome.nodeNames) : outcome.nodeNames
    if (plugin.filter) filters.push(plugin)
  }
  const all = only ? [...only].flatMap((name) => cache.node(name) ?? []) : cache.nodes
  const enough = only ? all.length : enoughNodes(all.length)
  const nodes: NodeInfo[] = []
  const byNode = new Map<string, Verdict>()
  let looked = 0
  for (; looked < all.length && nodes.length < enough; looked++) {
    const node = all[(start + looked) % all.length] as NodeInfo
    const verdict = runWithNominated(cycle, filters, node)
    if (verdict) byNode.set(node.name, verdict)
    else nodes.push(node)
  }
  if (nodes.length > 0) return { nodes, nextStart: only ? start : (start + looked) % all.length, filters }
  if (only) leftOut(cycle, only, byNode)
  return { nodeCount: cache.size, byNode, preFilter: undefined }
}

/** Room that is being made for pods that matter more counts as taken; without them the node must fit too. */
export function runWithNominated(cycle: Cycle, filters: readonly Plugin[], node: NodeInfo): Verdict | undefined {
  const nominated = cycle.cache.nominatedBefore(cycle.pod, node)
  if (nominated.length === 0) return runFilters(cycle, filters, node)
  for (const pod of nominated) {
    cycle.cache.trialAdd(pod, node)
    for (const plugin of filters) plugin.onPodAdded?.(cycle, pod, node)
  }
  const withThem = runFilters(cycle, filters, node)
  for (const pod of nominated) {
    cycle.cache.trialRemove(pod, node)
    for (const plugin of filters) plugin.onPodRemoved?.(cycle, pod, node)
  }
  return withThem ?? runFilters(cycle, filters, node)
}

/** The first filter's rejection of the node, if any. */
export function runFilters(cycle: Cycle, filters: readonly Plugin[], node: NodeInfo): Verdict | undefined {
  for (const plugin of filters) {
    const rejection = plugin.filter?.(cycle, node)
    if (rejection) return { plugin: plugin.name, rejection }
  }
  return undefined
}

function unfitAtOnce(cycle: Cycle, preFilter: Verdict): Unfit {
  return { nodeCount: cycle.cache.size, byNode: new Map(), preFilter }
}

/** Nodes that a pre-filter did not name count as turned away by it. */
function leftOut(cycle: Cycle, only: ReadonlySet<string>, byNode: Map<string, Verdict>): void {
  const rejection = { code: 'unresolvable', reasons: ["node(s) didn't satisfy plugin(s) [NodeAffinity]"] } as const
  for (const { name } of cycle.cache.nodes) if (!only.has(name)) byNode.set(name, { plugin: 'NodeAffinity', rejection })
}

/** Scores: the best of the nodes that fit; any of the best when there are several. */
export function bestNode(
  cycle: Cycle,
  plugins: readonly Plugin[],
  nodes: readonly NodeInfo[],
  random: Random,
): NodeInfo {
  const first = nodes[0] as NodeInfo
  if (nodes.length === 1) return first
  const totals = new Float64Array(nodes.length)
  for (const plugin of plugins) {
    if (!plugin.score || plugin.preScore?.(cycle, nodes) === 'skip') continue
    const scores = nodes.map((node) => plugin.score?.(cycle, node) ?? 0)
    plugin.normalize?.(cycle, nodes, scores)
    for (let i = 0; i < scores.length; i++) totals[i] = (totals[i] ?? 0) + (scores[i] ?? 0) * (plugin.weight ?? 1)
  }
  return nodes[indexOfMax(totals, random)] ?? first
}

function indexOfMax(totals: Float64Array, random: Random): number {
  let best = 0
  let ties = 1
  for (let i = 1; i < totals.length; i++) {
    const difference = (totals[i] ?? 0) - (totals[best] ?? 0)
    if (difference > 0) {
      best = i
      ties = 1
    } else if (difference === 0 && random.next() * ++ties < 1) best = i
  }
  return best
}
