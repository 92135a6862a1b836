import type { Frozen } from '../../apimachinery/meta.ts'
import type { Node, NodeSelectorRequirement, NodeSelectorTerm } from '../../api/generated/types/core/v1.ts'
import type { Pod } from '../pod/spec.ts'

/** Whether a pod's nodeSelector and required node affinity allow a node. */
export function nodeFits(pod: Pod, node: Frozen<Node>): boolean {
  const labels = node.metadata.labels ?? {}
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) if (labels[key] !== value) return false
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return terms === undefined || terms.some((term) => termFits(term, node))
}

/** A term without requirements fits nothing. */
function termFits({ matchExpressions = [], matchFields = [] }: Frozen<NodeSelectorTerm>, node: Frozen<Node>): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  const fields: Readonly<Record<string, string | undefined>> = { 'metadata.name': node.metadata.name }
  return (
    matchExpressions.every((requirement) => requirementFits(requirement, labels[requirement.key])) &&
    matchFields.every((requirement) => requirementFits(requirement, fields[requirement.key]))
  )
}

function requirementFits(
  { operator, values = [] }: Frozen<NodeSelectorRequirement>,
  value: string | undefined,
): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return integer(value) > integer(values[0])
    case 'Lt':
      return integer(value) < integer(values[0])
    default:
      return false
  }
}

/** NaN, which compares with nothing, for what is no integer. */
const integer = (text: string | undefined): number =>
  text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
