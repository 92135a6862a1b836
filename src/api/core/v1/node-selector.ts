import { getOwn } from '../../../lib/own.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { labelSet, selects, type LabelOperator } from '../../../apimachinery/labels/selector.ts'
import type { Node, NodeSelector, NodeSelectorRequirement, PodSpec } from '../../generated/types/core/v1.ts'

const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
}

/** Whether a pod of this spec may run on the node by its nodeSelector and required node affinity. */
export function fitsNode({ nodeSelector, affinity }: Frozen<PodSpec>, node: Frozen<Node>): boolean {
  const labels = node.metadata.labels ?? {}
  if (!Object.entries(nodeSelector ?? {}).every(([name, value]) => getOwn(labels, name) === value)) return false
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return !required || selectsNode(required, node)
}

/** Terms are alternatives, what stands in a term must hold together; empty ones select nothing. */
export function selectsNode({ nodeSelectorTerms }: Frozen<NodeSelector>, { metadata }: Frozen<Node>): boolean {
  const fields = { 'metadata.name': metadata.name ?? '' }
  return nodeSelectorTerms.some(({ matchExpressions = [], matchFields = [] }) => {
    if (matchExpressions.length + matchFields.length === 0) return false
    return holds(matchExpressions, metadata.labels ?? {}) && holds(matchFields, fields)
  })
}

function holds(
  requirements: readonly Frozen<NodeSelectorRequirement>[],
  labels: Readonly<Record<string, string>>,
): boolean {
  const parsed = requirements.map(({ key, operator, values = [] }) => ({ key, operator: OPERATORS[operator], values }))
  return parsed.every(
    ({ operator, ...rest }) => operator !== undefined && selects(labelSet([{ ...rest, operator }]), labels),
  )
}
