import type { DomainCounts } from '../../cache/topology-counts.ts'
import type { NodeInfo } from '../../framework/node-info.ts'
import type { AffinityTerm } from '../../framework/pod-info.ts'
import {
  MAX_SCORE,
  unresolvable,
  unschedulable,
  type Cycle,
  type Plugin,
  type StateKey,
} from '../../framework/plugin.ts'

interface CountedTerm {
  readonly term: AffinityTerm
  readonly counts: DomainCounts
}

interface Required {
  /** The pod must go where each of these selects a pod. */
  readonly affinity: readonly CountedTerm[]
  /** The pod must not go where any of these selects a pod. */
  readonly antiAffinity: readonly CountedTerm[]
  /** Terms of pods in the cluster that want this pod kept away. */
  readonly against: readonly CountedTerm[]
  /** No pod anywhere matches the affinity, but the pod itself does: it is the first of its group. */
  readonly first: boolean
}

const REQUIRED: StateKey<Required> = { name: 'InterPodAffinity required' }
/** Topology key → domain → score. */
const PREFERRED: StateKey<ReadonlyMap<string, ReadonlyMap<string, number>>> = { name: 'InterPodAffinity preferred' }
/** How much a required affinity of a pod in the cluster attracts the pods that it selects. */
const HARD_AFFINITY_WEIGHT = 1

const AFFINITY = unresolvable("node(s) didn't match pod affinity rules")
const ANTI_AFFINITY = unschedulable("node(s) didn't match pod anti-affinity rules")
const EXISTING_ANTI_AFFINITY = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")

/** Keeps pods together, or apart, by what else runs in a domain. */
export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  weight: 2,
  wakes: ['NodeAdd', 'NodeUpdate', 'PodAdd', 'PodDelete', 'PodLabelUpdate', 'NamespaceUpdate'],
  preFilter(cycle) {
    const required = requirements(cycle)
    if (required.affinity.length + required.antiAffinity.length + required.against.length === 0) return 'skip'
    cycle.write(REQUIRED, required)
    return undefined
  },
  filter(cycle, node) {
    const { affinity, antiAffinity, against, first } = cycle.read(REQUIRED)
    if (!affinity.every((term) => hasDomain(term, node))) return AFFINITY
    if (!first && !affinity.every((term) => countAt(term, node) > 0)) return AFFINITY
    if (antiAffinity.some((term) => countAt(term, node) > 0)) return ANTI_AFFINITY
    if (against.some((term) => countAt(term, node) > 0)) return EXISTING_ANTI_AFFINITY
    return undefined
  },
  onPodRemoved: (cycle) => cycle.write(REQUIRED, requirements(cycle)),
  onPodAdded: (cycle) => cycle.write(REQUIRED, requirements(cycle)),
  preScore(cycle) {
    const scores = preferences(cycle)
    if (scores.size === 0) return 'skip'
    cycle.write(PREFERRED, scores)
    return undefined
  },
  score(cycle, node) {
    let total = 0
    for (const [topologyKey, byDomain] of cycle.read(PREFERRED))
      total += byDomain.get(node.labels[topologyKey] ?? '') ?? 0
    return total
  },
  normalize(_cycle, _nodes, scores) {
    const max = Math.max(...scores)
    const min = Math.min(...scores)
    scores.forEach((score, i) => (scores[i] = max === min ? 0 : Math.floor((MAX_SCORE * (score - min)) / (max - min))))
  },
}

function requirements({ pod, cache: { topology } }: Cycle): Required {
  const counted = (term: AffinityTerm): CountedTerm => ({ term, counts: topology.matching(term, true) })
  const affinity = pod.requiredAffinity.map(counted)
  return {
    affinity,
    antiAffinity: pod.requiredAntiAffinity.map(counted),
    against: [...topology.owned('requiredAntiAffinity')].filter(({ term }) => topology.selects(term, pod)),
    first:
      affinity.every(({ counts }) => counts.size === 0) &&
      pod.requiredAffinity.every((term) => topology.selects(term, pod)),
  }
}

function hasDomain({ term }: CountedTerm, node: NodeInfo): boolean {
  return node.labels[term.topologyKey] !== undefined
}

function countAt({ term, counts }: CountedTerm, node: NodeInfo): number {
  const domain = node.labels[term.topologyKey]
  return domain === undefined ? 0 : (counts.get(domain) ?? 0)
}

function preferences({ pod, cache: { topology } }: Cycle): Map<string, Map<string, number>> {
  const scores = new Map<string, Map<string, number>>()
  const add = ({ topologyKey }: AffinityTerm, counts: DomainCounts, weight: number): void => {
    if (counts.size === 0) return
    const byDomain = scores.get(topologyKey) ?? new Map<string, number>()
    scores.set(topologyKey, byDomain)
    for (const [domain, count] of counts) byDomain.set(domain, (byDomain.get(domain) ?? 0) + count * weight)
  }
  for (const { term, weight } of pod.preferredAffinity) add(term, topology.matching(term, true), weight)
  for (const { term, weight } of pod.preferredAntiAffinity) add(term, topology.matching(term, true), -weight)
  const theirs = [
    ['preferredAffinity', 1],
    ['preferredAntiAffinity', -1],
    ['requiredAffinity', HARD_AFFINITY_WEIGHT],
  ] as const
  for (const [kind, sign] of theirs) {
    for (const { term, counts } of topology.owned(kind)) if (topology.selects(term, pod)) add(term, counts, sign)
  }
  return scores
}
