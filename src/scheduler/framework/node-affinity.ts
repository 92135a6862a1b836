import type { Frozen } from '../../apimachinery/meta.ts'
import { labelSet, selects, type LabelOperator, type LabelRequirement } from '../../apimachinery/labels/selector.ts'
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../../api/generated/types/core/v1.ts'

/** What node affinity looks at. */
export interface NodeLike {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
}

/** Whether the node has all the labels of the pod's nodeSelector and matches its required node affinity. */
export function matchesNode(pod: Frozen<Pod>, node: NodeLike): boolean {
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) if (node.labels[key] !== value) return false
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return !required || matchesNodeSelector(required, node)
}

/** Terms are alternatives; a selector without terms matches nothing. */
export function matchesNodeSelector(selector: Frozen<NodeSelector>, node: NodeLike): boolean {
  return selector.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(term, node))
}

/** All expressions and fields must hold; a term without any matches nothing. */
export function matchesNodeSelectorTerm(
  { matchExpressions = [], matchFields = [] }: Frozen<NodeSelectorTerm>,
  node: NodeLike,
): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  return holds(matchExpressions, node.labels) && holds(matchFields, { 'metadata.name': node.name })
}

function holds(
  requirements: readonly Frozen<NodeSelectorRequirement>[],
  labels: Readonly<Record<string, string>>,
): boolean {
  const parsed: LabelRequirement[] = []
  for (const { key, operator, values = [] } of requirements) {
    const known = OPERATORS[operator]
    if (!known) return false
    parsed.push({ key, operator: known, values })
  }
  return selects(labelSet(parsed), labels)
}
