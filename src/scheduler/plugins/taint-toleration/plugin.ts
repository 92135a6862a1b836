import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Taint, Toleration } from '../../../api/generated/types/core/v1.ts'
import { normalizeByMax, unresolvable, type Plugin, type StateKey } from '../../framework/plugin.ts'
import { tolerates } from '../../../api/core/v1/tolerates.ts'

const PREFERRED: StateKey<readonly Frozen<Toleration>[]> = { name: 'TaintToleration preferred' }

/** Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer taints that ask to be avoided. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  weight: 3,
  wakes: ['NodeAdd', 'NodeUpdate', 'PodUpdate'],
  filter({ pod }, { taints }) {
    if (taints.length === 0) return undefined
    const untolerated = taints.find((taint) => isHard(taint) && !tolerated(pod.pod.spec.tolerations, taint))
    return untolerated && unresolvable(`node(s) had untolerated taint(s)`)
  },
  preScore(cycle, nodes) {
    if (nodes.every(({ taints }) => taints.length === 0)) return 'skip'
    const preferred = (cycle.pod.pod.spec.tolerations ?? []).filter(
      ({ effect }) => !effect || effect === 'PreferNoSchedule',
    )
    cycle.write(PREFERRED, preferred)
    return undefined
  },
  score(cycle, { taints }) {
    const tolerations = cycle.read(PREFERRED)
    return taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerated(tolerations, taint)).length
  },
  normalize: (_cycle, _nodes, scores) => normalizeByMax(scores, true),
}

function isHard({ effect }: Frozen<Taint>): boolean {
  return effect === 'NoSchedule' || effect === 'NoExecute'
}

function tolerated(tolerations: readonly Frozen<Toleration>[] | undefined, taint: Frozen<Taint>): boolean {
  return tolerations?.some((toleration) => tolerates(toleration, taint)) === true
}
