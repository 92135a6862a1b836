import type { Pod, Toleration } from '../../../api/generated/types/core/v1.ts'
import type { AdmissionPlugin } from '../types.ts'
import { isPodWrite } from '../pods.ts'

const TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const
const SECONDS = 300

/** A pod that says nothing else stays five minutes on a node that is not ready or cannot be reached. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
  mutate(attributes) {
    if (!isPodWrite(attributes)) return
    const { spec } = attributes.object as Pod
    const covers = ({ key, effect }: Toleration, taint: string): boolean =>
      (key === taint || !key) && (effect === 'NoExecute' || !effect)
    for (const key of TAINTS) {
      if (spec.tolerations?.some((toleration) => covers(toleration, key))) continue
      ;(spec.tolerations ??= []).push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS })
    }
  },
}
