import { tolerates } from '../../api/core/v1/tolerates.ts'
import type { Node, Pod, Taint } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

/** The node's taints that drive pods away. */
export function noExecuteTaints(node: Frozen<Node> | undefined): readonly Frozen<Taint>[] {
  return (node?.spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
}

/**
 * For how many seconds the pod bears these taints: 0 when one isn't tolerated at all, Infinity when all are for good, else the
 * least of what its tolerations allow.
 */
export function toleratedSeconds({ spec }: Frozen<Pod>, taints: readonly Frozen<Taint>[]): number {
  let seconds = Infinity
  for (const taint of taints) {
    const matching = (spec.tolerations ?? []).filter((toleration) => tolerates(toleration, taint))
    if (matching.length === 0) return 0
    for (const { tolerationSeconds } of matching)
      if (tolerationSeconds !== undefined) seconds = Math.min(seconds, Math.max(0, tolerationSeconds))
  }
  return seconds
}
