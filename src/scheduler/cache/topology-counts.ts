import { selects } from '../../apimachinery/labels/selector.ts'
import { Lru } from '../../lib/lru.ts'
import type { NodeInfo } from '../framework/node-info.ts'
import type { AffinityTerm, PodInfo } from '../framework/pod-info.ts'

/** How many pods stand in each topology domain (by the value of the term's topology label). */
export type DomainCounts = ReadonlyMap<string, number>

interface Matching {
  readonly term: AffinityTerm
  /** Pods that are being deleted count not (topology spread) or count (affinity). */
  readonly countTerminating: boolean
  readonly counts: Map<string, number>
}

interface Owned {
  readonly term: AffinityTerm
  /** Sum of the weights; 1 each for required terms. */
  readonly counts: Map<string, number>
}

export type OwnedKind = 'requiredAffinity' | 'requiredAntiAffinity' | 'preferredAffinity' | 'preferredAntiAffinity'

/** Terms whose counts are kept up to date; the least recently asked for is dropped and counted anew when needed. */
const MAX_TERMS = 2000

export interface NamespaceLabels {
  (namespace: string): Readonly<Record<string, string>> | undefined
}

/**
 * Answers, without looking at pods one by one, how many pods a term selects in each domain, and in which domains pods stand that have a
 * term of their own about others. Kept in step as pods come and go; one index serves pod affinity and topology spread.
 */
export class TopologyCounts {
  readonly #matching = new Lru<string, Matching>(MAX_TERMS)
  readonly #owned: Readonly<Record<OwnedKind, Map<string, Owned>>> = {
    requiredAffinity: new Map(),
    requiredAntiAffinity: new Map(),
    preferredAffinity: new Map(),
    preferredAntiAffinity: new Map(),
  }
  readonly #nodes: () => Iterable<NodeInfo>
  readonly #namespaceLabels: NamespaceLabels

  constructor(nodes: () => Iterable<NodeInfo>, namespaceLabels: NamespaceLabels) {
    this.#nodes = nodes
    this.#namespaceLabels = namespaceLabels
  }

  /** How many pods the term selects, by domain. */
  matching(term: AffinityTerm, countTerminating: boolean): DomainCounts {
    const id = `${countTerminating ? 'a' : 's'}${term.id}`
    let entry = this.#matching.get(id)
    if (!entry) {
      entry = { term, countTerminating, counts: new Map() }
      for (const node of this.#nodes()) for (const pod of node.pods.values()) this.#countMatch(entry, pod, node, 1)
      this.#matching.set(id, entry)
    }
    return entry.counts
  }

  /** The terms of one kind that pods in the cluster have, with the (weighted) number of such pods by domain. */
  owned(kind: OwnedKind): Iterable<{ readonly term: AffinityTerm; readonly counts: DomainCounts }> {
    return this.#owned[kind].values()
  }

  podAdded(pod: PodInfo, node: NodeInfo): void {
    this.#count(pod, node, 1)
  }

  podRemoved(pod: PodInfo, node: NodeInfo): void {
    this.#count(pod, node, -1)
  }

  /** Labels of a node or namespace changed, or a node went: counts are made anew when next asked for. */
  reset(): void {
    this.#matching.clear()
    for (const terms of Object.values(this.#owned)) terms.clear()
    for (const node of this.#nodes()) for (const pod of node.pods.values()) this.#countOwned(pod, node, 1)
  }

  /** Whether the term selects the pod. */
  selects(term: AffinityTerm, pod: PodInfo): boolean {
    const { namespaces, namespaceSelector, selector } = term
    const inNamespace =
      namespaces.includes(pod.namespace) ||
      (namespaceSelector !== undefined && selects(namespaceSelector, this.#namespaceLabels(pod.namespace) ?? {}))
    return inNamespace && selects(selector, pod.labels)
  }

  #count(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    for (const entry of this.#matching.values()) this.#countMatch(entry, pod, node, sign)
    this.#countOwned(pod, node, sign)
  }

  #countMatch({ term, countTerminating, counts }: Matching, pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    const domain = node.labels[term.topologyKey]
    if (domain === undefined || (!countTerminating && pod.pod.metadata.deletionTimestamp)) return
    if (this.selects(term, pod)) bump(counts, domain, sign)
  }

  #countOwned(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    for (const term of pod.requiredAffinity) this.#countOwn('requiredAffinity', term, node, sign)
    for (const term of pod.requiredAntiAffinity) this.#countOwn('requiredAntiAffinity', term, node, sign)
    for (const { term, weight } of pod.preferredAffinity) this.#countOwn('preferredAffinity', term, node, sign * weight)
    for (const { term, weight } of pod.preferredAntiAffinity)
      this.#countOwn('preferredAntiAffinity', term, node, sign * weight)
  }

  #countOwn(kind: OwnedKind, term: AffinityTerm, node: NodeInfo, by: number): void {
    const domain = node.labels[term.topologyKey]
    if (domain === undefined) return
    const terms = this.#owned[kind]
    let entry = terms.get(term.id)
    if (!entry) terms.set(term.id, (entry = { term, counts: new Map() }))
    bump(entry.counts, domain, by)
    if (entry.counts.size === 0) terms.delete(term.id)
  }
}

function bump(counts: Map<string, number>, domain: string, by: number): void {
  const count = (counts.get(domain) ?? 0) + by
  if (count === 0) counts.delete(domain)
  else counts.set(domain, count)
}
