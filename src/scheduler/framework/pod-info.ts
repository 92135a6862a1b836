import { keyOf, type Frozen, type ObjectKey } from '../../apimachinery/meta.ts'
import { selectorOf } from '../../apimachinery/labels/label-selector.ts'
import { formatLabelSet, NOTHING, type LabelSet } from '../../apimachinery/labels/selector.ts'
import { podRequests } from '../../api/core/v1/pod-resources.ts'
import type { Pod, PodAffinityTerm } from '../../api/generated/types/core/v1.ts'
import { resourcesOf, type Resources } from './resources.ts'

/** Upstream's assumption about containers that ask for nothing, so that they spread too. */
const DEFAULT_MILLI_CPU = '100m'
const DEFAULT_MEMORY = '200Mi'

export interface HostPortClaim {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

/** A term of pod affinity or anti-affinity, parsed. Terms with the same `id` select the same pods in the same domains. */
export interface AffinityTerm {
  readonly id: string
  readonly topologyKey: string
  readonly selector: LabelSet
  readonly namespaces: readonly string[]
  /** Also the namespaces with matching labels; `undefined` for none. */
  readonly namespaceSelector: LabelSet | undefined
}

export interface WeightedTerm {
  readonly term: AffinityTerm
  readonly weight: number
}

/** A pod with everything that scheduling asks of it, read once. */
export interface PodInfo {
  readonly pod: Frozen<Pod>
  readonly key: ObjectKey
  readonly uid: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly priority: number
  readonly requests: Readonly<Resources>
  /** Requests with defaults for containers that ask for no CPU or memory; for scoring. */
  readonly nonZero: { readonly milliCpu: number; readonly memory: number }
  readonly hostPorts: readonly HostPortClaim[]
  readonly requiredAffinity: readonly AffinityTerm[]
  readonly requiredAntiAffinity: readonly AffinityTerm[]
  readonly preferredAffinity: readonly WeightedTerm[]
  readonly preferredAntiAffinity: readonly WeightedTerm[]
}

/** Reads a pod. */
export function podInfoOf(pod: Frozen<Pod>): PodInfo {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  const namespace = pod.metadata.namespace ?? ''
  const nonZero = resourcesOf(podRequests(pod, { missing: { cpu: DEFAULT_MILLI_CPU, memory: DEFAULT_MEMORY } }))
  const parse = (term: Frozen<PodAffinityTerm>): AffinityTerm => affinityTerm(term, namespace)
  const parseWeighted = (weighted: {
    readonly weight: number
    readonly podAffinityTerm: Frozen<PodAffinityTerm>
  }): WeightedTerm => ({
    term: parse(weighted.podAffinityTerm),
    weight: weighted.weight,
  })
  return {
    pod,
    key: keyOf(pod),
    uid: pod.metadata.uid ?? '',
    namespace,
    labels: pod.metadata.labels ?? {},
    priority: pod.spec.priority ?? 0,
    requests: resourcesOf(podRequests(pod)),
    nonZero: { milliCpu: nonZero.milliCpu, memory: nonZero.memory },
    hostPorts: hostPortClaims(pod),
    requiredAffinity: (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(parse),
    requiredAntiAffinity: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(parse),
    preferredAffinity: (podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(parseWeighted),
    preferredAntiAffinity: (podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(parseWeighted),
  }
}

function affinityTerm(term: Frozen<PodAffinityTerm>, ownNamespace: string): AffinityTerm {
  const selector = term.labelSelector ? selectorOf(term.labelSelector) : NOTHING
  const namespaceSelector = term.namespaceSelector ? selectorOf(term.namespaceSelector) : undefined
  const named = term.namespaces ?? []
  const namespaces = named.length === 0 && !namespaceSelector ? [ownNamespace] : named.toSorted()
  const id = JSON.stringify([
    term.topologyKey,
    selector.nothing || formatLabelSet(selector),
    namespaces,
    namespaceSelector && formatLabelSet(namespaceSelector),
  ])
  return { id, topologyKey: term.topologyKey, selector, namespaces, namespaceSelector }
}

function hostPortClaims(pod: Frozen<Pod>): HostPortClaim[] {
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...pod.spec.containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP', port: hostPort }] : [],
    ),
  )
}
