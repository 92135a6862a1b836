import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import { matchesNode, matchesNodeSelectorTerm } from '../../framework/node-affinity.ts'
import { normalizeByMax, unresolvable, type Plugin } from '../../framework/plugin.ts'

const REJECTION = unresolvable("node(s) didn't match Pod's node affinity/selector")

/** nodeSelector and node affinity, required and preferred. */
export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  wakes: ['NodeAdd', 'NodeUpdate', 'PodUpdate'],
  preFilter({ pod }) {
    const { nodeSelector, affinity } = pod.pod.spec
    const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (!required && Object.keys(nodeSelector ?? {}).length === 0) return 'skip'
    const nodeNames = namedNodes(pod.pod)
    return nodeNames && { nodeNames }
  },
  filter: ({ pod }, node) => (matchesNode(pod.pod, node) ? undefined : REJECTION),
  preScore: ({ pod }) => (preferredTerms(pod.pod).length === 0 ? 'skip' : undefined),
  score: ({ pod }, node) =>
    preferredTerms(pod.pod).reduce(
      (sum, { weight, preference }) => sum + (matchesNodeSelectorTerm(preference, node) ? weight : 0),
      0,
    ),
  normalize: (_cycle, _nodes, scores) => normalizeByMax(scores),
}

function preferredTerms(
  pod: Frozen<Pod>,
): NonNullable<
  NonNullable<Frozen<Pod>['spec']['affinity']>['nodeAffinity']
>['preferredDuringSchedulingIgnoredDuringExecution'] &
  readonly unknown[] {
  return pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
}

/** The nodes that every term names by metadata.name, as daemon pods do: nobody else needs to be asked. */
function namedNodes(pod: Frozen<Pod>): ReadonlySet<string> | undefined {
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const names = terms.map(({ matchFields = [] }) => {
    const byName = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In')
    return byName.length === 0
      ? undefined
      : byName.map(({ values = [] }) => new Set(values)).reduce((a, b) => a.intersection(b))
  })
  if (names.length === 0 || names.includes(undefined)) return undefined
  return new Set(names.flatMap((set) => [...(set ?? [])]))
}
