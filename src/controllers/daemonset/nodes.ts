import { fitsNode } from '../../api/core/v1/node-selector.ts'
import { tolerates } from '../../api/core/v1/tolerates.ts'
import type { DaemonSet } from '../../api/generated/types/apps/v1.ts'
import type { Affinity, Node, NodeSelectorTerm, Pod, PodSpec, Toleration } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

const FIELD = 'metadata.name'

/** Daemons stay through a node's troubles, and run on nodes that take no other pods. */
function daemonTolerations({ hostNetwork }: Frozen<PodSpec>): Toleration[] {
  const tolerate = (name: string, effect: 'NoExecute' | 'NoSchedule'): Toleration => ({
    key: `node.kubernetes.io/${name}`,
    operator: 'Exists',
    effect,
  })
  return [
    tolerate('not-ready', 'NoExecute'),
    tolerate('unreachable', 'NoExecute'),
    ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((name) =>
      tolerate(name, 'NoSchedule'),
    ),
    ...(hostNetwork ? [tolerate('network-unavailable', 'NoSchedule')] : []),
  ]
}

/** The template's tolerations and those of daemons, none twice. */
export function allTolerations(spec: Frozen<PodSpec>): Frozen<Toleration>[] {
  const added = daemonTolerations(spec)
  const same = (a: Frozen<Toleration>, b: Frozen<Toleration>): boolean =>
    a.key === b.key &&
    a.effect === b.effect &&
    (a.operator ?? 'Equal') === b.operator &&
    (a.value ?? '') === (b.value ?? '')
  const kept = (spec.tolerations ?? []).filter((toleration) => !added.some((mine) => same(toleration, mine)))
  return [...kept, ...added]
}

/** Whether a daemon of this set is to be started on the node, and whether one that runs there may go on. */
export function judgeNode(
  { spec }: Frozen<DaemonSet>,
  node: Frozen<Node>,
): { readonly start: boolean; readonly goOn: boolean } {
  const pod = spec.template.spec
  if ((pod.nodeName && pod.nodeName !== node.metadata.name) || !fitsNode(pod, node))
    return { start: false, goOn: false }
  const tolerations = allTolerations(pod)
  const repelling = (node.spec.taints ?? []).filter(
    (taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((toleration) => tolerates(toleration, taint)),
  )
  return { start: repelling.length === 0, goOn: repelling.every(({ effect }) => effect !== 'NoExecute') }
}

/** The template's affinity, with the node by its name in place of any other choice of nodes: the scheduler then has one to choose from. */
export function affinityToNode(affinity: Frozen<Affinity> | undefined, name: string): Frozen<Affinity> {
  const term: NodeSelectorTerm = { matchFields: [{ key: FIELD, operator: 'In', values: [name] }] }
  const required = { nodeSelectorTerms: [term] }
  const { requiredDuringSchedulingIgnoredDuringExecution: _, ...preferred } = affinity?.nodeAffinity ?? {}
  return { ...affinity, nodeAffinity: { ...preferred, requiredDuringSchedulingIgnoredDuringExecution: required } }
}

/** The node that a daemon is on or meant for. */
export function nodeOf({ spec }: Frozen<Pod>): string | undefined {
  if (spec.nodeName) return spec.nodeName
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  for (const { matchFields = [] } of terms)
    for (const { key, operator, values = [] } of matchFields)
      if (key === FIELD && operator === 'In' && values.length === 1) return values[0]
  return undefined
}
