import type { Pod, Toleration } from '../../../api/generated/types/core/v1.ts'
import type { AdmissionConfig } from '../config.ts'
import type { AdmissionPlugin } from '../types.ts'
import { isPodWrite } from '../pods.ts'

const SECONDS = 300

/** A pod that says nothing else stays five minutes, or as long as was told, on a node that is not ready or cannot be reached. */
export function defaultTolerationSeconds({
  notReadyTolerationSeconds = SECONDS,
  unreachableTolerationSeconds = SECONDS,
}: AdmissionConfig): AdmissionPlugin {
  const patience = [
    ['node.kubernetes.io/not-ready', notReadyTolerationSeconds],
    ['node.kubernetes.io/unreachable', unreachableTolerationSeconds],
  ] as const
  return {
    name: 'DefaultTolerationSeconds',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    mutate(attributes) {
      if (!isPodWrite(attributes)) return
      const { spec } = attributes.object as Pod
      for (const [key, tolerationSeconds] of patience) {
        if (spec.tolerations?.some((toleration) => covers(toleration, key))) continue
        ;(spec.tolerations ??= []).push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds })
      }
    },
  }
}

function covers({ key, effect }: Toleration, taint: string): boolean {
  return (key === taint || !key) && (effect === 'NoExecute' || !effect)
}
