import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Pod } from '../../../api/generated/types/core/v1.ts'

/** Features of nodes, and when an update of a pod needs them; those that only scheduling needs are not among them. */
const FEATURES: readonly (readonly [name: string, needed: (now: Frozen<Pod>, before: Frozen<Pod>) => boolean])[] = [
  [
    'InPlacePodLevelResourcesVerticalScaling',
    ({ spec: now }, { spec: before }) => !semanticEqual(now.resources, before.resources),
  ],
  ['InPlacePodVerticalScalingInitContainers', resizesInitContainer],
]

function resizesInitContainer({ spec: now }: Frozen<Pod>, { spec: before }: Frozen<Pod>): boolean {
  return (before.initContainers ?? []).some(
    ({ restartPolicy, resources }, index) =>
      restartPolicy !== 'Always' && !semanticEqual(resources, now.initContainers?.[index]?.resources),
  )
}

/** What the node of the pod has to know for the change, in upstream's order. */
export function requiredFeatures(now: Frozen<Pod>, before: Frozen<Pod>): string[] {
  return FEATURES.filter(([, needed]) => needed(now, before)).map(([name]) => name)
}
