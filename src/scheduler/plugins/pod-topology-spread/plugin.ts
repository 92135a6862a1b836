import { selects } from '../../../apimachinery/labels/selector.ts'
import type { NodeInfo } from '../../framework/node-info.ts'
import {
  MAX_SCORE,
  unresolvable,
  unschedulable,
  type Cycle,
  type Plugin,
  type StateKey,
} from '../../framework/plugin.ts'
import { defaultConstraints, type GroupListers } from './default-constraints.ts'
import { constraintsOf, countsEveryNode, includesNode, type SpreadConstraint } from './constraints.ts'

interface Counted {
  readonly constraint: SpreadConstraint
  readonly counts: ReadonlyMap<string, number>
  /** The least count over all domains that exist, 0 while there are fewer domains than minDomains. */
  min: number
  /** 1 when the pod itself is one of those that are spread. */
  readonly self: number
}

interface Scored {
  readonly counted: readonly {
    readonly constraint: SpreadConstraint
    readonly counts: ReadonlyMap<string, number>
    readonly weight: number
  }[]
  readonly ignored: ReadonlySet<string>
}

const FILTER: StateKey<Counted[]> = { name: 'PodTopologySpread filter' }
const SCORE: StateKey<Scored> = { name: 'PodTopologySpread score' }
const MISSING_LABEL = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)")
const SKEWED = unschedulable("node(s) didn't match pod topology spread constraints")

/** Spreads pods over zones, hosts or any other domain. */
export function podTopologySpread(groups: GroupListers): Plugin {
  return {
    name: 'PodTopologySpread',
    weight: 2,
    wakes: ['NodeAdd', 'NodeUpdate', 'PodAdd', 'PodDelete', 'PodLabelUpdate', 'PodUpdate'],
    preFilter(cycle) {
      const constraints = constraintsOf(cycle.pod, 'DoNotSchedule')
      if (constraints.length === 0) return 'skip'
      cycle.write(FILTER, count(cycle, constraints))
      return undefined
    },
    filter(cycle, node) {
      for (const { constraint, counts, min, self } of cycle.read(FILTER)) {
        const domain = node.labels[constraint.term.topologyKey]
        if (domain === undefined) return MISSING_LABEL
        if ((counts.get(domain) ?? 0) + self - min > constraint.maxSkew) return SKEWED
      }
      return undefined
    },
    onPodRemoved: (cycle) => recount(cycle),
    onPodAdded: (cycle) => recount(cycle),
    preScore(cycle, nodes) {
      const own = cycle.pod.pod.spec.topologySpreadConstraints ?? []
      const constraints =
        own.length > 0 ? constraintsOf(cycle.pod, 'ScheduleAnyway') : defaultConstraints(cycle.pod, groups)
      if (constraints.length === 0) return 'skip'
      // The defaults apply as far as nodes have the labels.
      const has = (node: NodeInfo): boolean =>
        own.length === 0 || constraints.every(({ term }) => node.labels[term.topologyKey] !== undefined)
      const scored = nodes.filter(has)
      const ignored = new Set(nodes.filter((node) => !has(node)).map(({ name }) => name))
      const counted = constraints.map((constraint) => ({
        constraint,
        counts: domainCounts(cycle, constraint, own.length === 0 ? [constraint] : constraints),
        // Domains of a topology with few of them must not be watered down by one with many.
        weight: Math.log(new Set(scored.map(({ labels }) => labels[constraint.term.topologyKey])).size + 2),
      }))
      cycle.write(SCORE, { counted, ignored })
      return undefined
    },
    score(cycle, node) {
      const { counted, ignored } = cycle.read(SCORE)
      if (ignored.has(node.name)) return 0
      const sum = counted.reduce((total, { constraint, counts, weight }) => {
        const domain = node.labels[constraint.term.topologyKey]
        if (domain === undefined) return total
        const pods = counts.get(domain) ?? 0
        return total + pods * weight + constraint.maxSkew - 1
      }, 0)
      return Math.round(sum)
    },
    normalize(cycle, nodes, scores) {
      const { ignored } = cycle.read(SCORE)
      const taken = scores.filter((_, i) => !ignored.has(nodes[i]?.name ?? ''))
      const max = Math.max(0, ...taken)
      const min = Math.min(...taken)
      nodes.forEach((node, i) => {
        if (ignored.has(node.name)) scores[i] = 0
        else scores[i] = max === 0 ? MAX_SCORE : Math.floor((MAX_SCORE * (max + min - (scores[i] ?? 0))) / max)
      })
    },
  }
}

function count(cycle: Cycle, constraints: readonly SpreadConstraint[]): Counted[] {
  return constraints.map((constraint) => {
    const counts = domainCounts(cycle, constraint, constraints)
    const domains = domainsOf(cycle, constraint, constraints)
    let min = domains.size < constraint.minDomains || domains.size === 0 ? 0 : Infinity
    if (min > 0) for (const domain of domains) min = Math.min(min, counts.get(domain) ?? 0)
    return { constraint, counts, min, self: selects(constraint.term.selector, cycle.pod.labels) ? 1 : 0 }
  })
}

function recount(cycle: Cycle): void {
  const counted = cycle.read(FILTER)
  cycle.write(
    FILTER,
    count(
      cycle,
      counted.map(({ constraint }) => constraint),
    ),
  )
}

/** Nodes count only when they have the labels of all constraints. */
function eligible(cycle: Cycle, constraint: SpreadConstraint, all: readonly SpreadConstraint[]): NodeInfo[] {
  return cycle.cache.nodes.filter(
    (node) =>
      all.every(({ term }) => node.labels[term.topologyKey] !== undefined) && includesNode(constraint, cycle.pod, node),
  )
}

/** Whether all nodes have the labels of all constraints and none is left out: then nothing has to be looked at node by node. */
function isPlain(cycle: Cycle, constraint: SpreadConstraint, all: readonly SpreadConstraint[]): boolean {
  if (!countsEveryNode(constraint, cycle.pod)) return false
  return all.every(({ term }) => sum(cycle.cache.domains(term.topologyKey).values()) === cycle.cache.size)
}

function domainCounts(
  cycle: Cycle,
  constraint: SpreadConstraint,
  all: readonly SpreadConstraint[],
): ReadonlyMap<string, number> {
  if (isPlain(cycle, constraint, all)) return cycle.cache.topology.matching(constraint.term, false)
  const counts = new Map<string, number>()
  for (const node of eligible(cycle, constraint, all)) {
    let pods = 0
    for (const pod of node.pods.values())
      if (!pod.pod.metadata.deletionTimestamp && cycle.cache.topology.selects(constraint.term, pod)) pods++
    const domain = node.labels[constraint.term.topologyKey] ?? ''
    counts.set(domain, (counts.get(domain) ?? 0) + pods)
  }
  return counts
}

function domainsOf(cycle: Cycle, constraint: SpreadConstraint, all: readonly SpreadConstraint[]): ReadonlySet<string> {
  const { topologyKey } = constraint.term
  if (isPlain(cycle, constraint, all)) return new Set(cycle.cache.domains(topologyKey).keys())
  return new Set(eligible(cycle, constraint, all).map(({ labels }) => labels[topologyKey] ?? ''))
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const n of numbers) total += n
  return total
}
