import type { Frozen } from '../../../apimachinery/meta.ts'
import { selectorOf } from '../../../apimachinery/labels/label-selector.ts'
import { formatLabelSet, labelSet, type LabelSet } from '../../../apimachinery/labels/selector.ts'
import type { TopologySpreadConstraint } from '../../../api/generated/types/core/v1.ts'
import { matchesNode } from '../../framework/node-affinity.ts'
import type { NodeInfo } from '../../framework/node-info.ts'
import type { AffinityTerm, PodInfo } from '../../framework/pod-info.ts'
import { tolerates } from '../../../api/core/v1/tolerates.ts'

/** A constraint, parsed. `term` selects the pods it counts. */
export interface SpreadConstraint {
  readonly term: AffinityTerm
  readonly maxSkew: number
  readonly minDomains: number
  readonly honorAffinity: boolean
  readonly honorTaints: boolean
}

/** The pod's constraints of one kind. */
export function constraintsOf(pod: PodInfo, whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway'): SpreadConstraint[] {
  return (pod.pod.spec.topologySpreadConstraints ?? [])
    .filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable)
    .map((constraint) => parse(constraint, pod))
}

function parse(constraint: Frozen<TopologySpreadConstraint>, pod: PodInfo): SpreadConstraint {
  return {
    term: spreadTerm(constraint.topologyKey, withMatchLabelKeys(constraint, pod), pod.namespace),
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    honorAffinity: constraint.nodeAffinityPolicy !== 'Ignore',
    honorTaints: constraint.nodeTaintsPolicy === 'Honor',
  }
}

/** KEP-3243: the pod's own values of these labels are part of the selector (unless the API server has merged them already). */
function withMatchLabelKeys(
  { labelSelector, matchLabelKeys = [] }: Frozen<TopologySpreadConstraint>,
  { labels }: PodInfo,
): LabelSet {
  const selector = selectorOf(labelSelector)
  const named = new Set(selector.requirements.map(({ key }) => key))
  const own = matchLabelKeys.flatMap((key) => {
    const value = labels[key]
    return value === undefined || named.has(key) ? [] : [{ key, operator: 'in' as const, values: [value] }]
  })
  return own.length === 0 ? selector : { ...labelSet([...selector.requirements, ...own]), nothing: selector.nothing }
}

/** A term that selects pods of one namespace. */
export function spreadTerm(topologyKey: string, selector: LabelSet, namespace: string): AffinityTerm {
  const id = JSON.stringify(['spread', topologyKey, selector.nothing || formatLabelSet(selector), namespace])
  return { id, topologyKey, selector, namespaces: [namespace], namespaceSelector: undefined }
}

/** Whether every node counts for the constraint, so that the cluster-wide counts can be used as they are. */
export function countsEveryNode({ honorAffinity, honorTaints }: SpreadConstraint, { pod }: PodInfo): boolean {
  const picky =
    Object.keys(pod.spec.nodeSelector ?? {}).length > 0 ||
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined
  return !honorTaints && !(honorAffinity && picky)
}

/** Whether the node's domains and pods count for the constraint (node inclusion policies, KEP-3094). */
export function includesNode(
  { honorAffinity, honorTaints }: SpreadConstraint,
  { pod }: PodInfo,
  node: NodeInfo,
): boolean {
  if (honorAffinity && !matchesNode(pod, node)) return false
  if (!honorTaints) return true
  return node.taints
    .filter(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute')
    .every((taint) => (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)))
}
